#!/bin/sh
# alertmanager.sh FILE: writes alertmanager.yml with the secrets in it, which Debian's Alertmanager reads from no file.
# ALERT_BOT_TOKEN_FILE and ALERT_CHAT_ID_FILE name them; without both nobody is told. Nothing is written if they are
# not what they should be.
set -eu
umask 077
token=0:none chat=1 receiver=nobody
if [ -s "${ALERT_BOT_TOKEN_FILE:-}" ] && [ -s "${ALERT_CHAT_ID_FILE:-}" ]; then
    token=$(cat "$ALERT_BOT_TOKEN_FILE") chat=$(cat "$ALERT_CHAT_ID_FILE") receiver=telegram
fi
case $token in *[!A-Za-z0-9:_-]*) echo "$ALERT_BOT_TOKEN_FILE: this is no token of a bot" >&2; exit 1 ;; esac
case ${chat#-} in '' | *[!0-9]*) echo "$ALERT_CHAT_ID_FILE: this is no number of a chat" >&2; exit 1 ;; esac
sed -e '1d' -e "s|@RECEIVER@|$receiver|" -e "s|@TOKEN@|$token|" -e "s|@CHAT@|$chat|" \
    -e "s|@API@|${ALERT_API_URL:-https://api.telegram.org}|" "$(dirname "$0")/alertmanager.yml" >"$1"
