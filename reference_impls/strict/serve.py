"""Start the strict authorization server and resource server: `python serve.py --help`."""

import sys

from strict_server.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
