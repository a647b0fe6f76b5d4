"""Host flawed twins of strict: told over standard input what to start and stop, a JSON object a line."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "strict"))

from flawed_server.host import main

if __name__ == "__main__":
    sys.exit(main())
