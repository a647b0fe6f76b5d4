#!/usr/bin/env bash
# Installs from Debian what the tests use and this machine lacks. Needs root only where something is missing.
set -euo pipefail

missing=()
lacks() { ! command -v "$1" >/dev/null; }
# The proxies of the lab: what is only for the system's administrator is in no user's PATH.
absent() { lacks "$1" && [ ! -x "/usr/sbin/$1" ]; }
absent nginx && missing+=(nginx)
[ -e /usr/lib/nginx/modules/ngx_http_js_module.so ] || missing+=(libnginx-mod-http-js)
[ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || missing+=(libnginx-mod-stream)
absent haproxy && missing+=(haproxy)
absent apache2 && missing+=(apache2)
absent lighttpd && missing+=(lighttpd)
[ -e /usr/lib/lighttpd/mod_openssl.so ] || missing+=(lighttpd-mod-openssl)
[ -e /usr/lib/lighttpd/mod_magnet.so ] || missing+=(lighttpd-modules-lua)
absent stunnel4 && missing+=(stunnel4)
# A resource server of the lab.
[ -e /usr/lib/apache2/modules/mod_oauth2.so ] || missing+=(libapache2-mod-oauth2)
lacks chromium && missing+=(chromium fonts-dejavu-core)
lacks npm && missing+=(npm)
lacks git && missing+=(git)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
if ! docker version >/dev/null 2>&1; then
  lacks dockerd && missing+=(docker.io)
  lacks iptables && missing+=(iptables)
fi
lacks mmdebstrap && missing+=(mmdebstrap)

if ((${#missing[@]} == 0)); then
  echo "install.sh: nothing is missing"
  exit 0
fi

# Nothing that is installed here is to run as a service: the tests start what they need.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi

echo "install.sh: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
