#!/bin/sh
# setup.sh ELASTICSEARCH [KIBANA]: where logs are kept, for how long, and what is looked for in them. Again it changes nothing.
# ARTEL_SEARCH_CURL names a file of curl's options, for who may: user = "elastic:…", cacert = "…".
set -eu
here=$(dirname "$0")
search=${1:?the address of Elasticsearch}

ask() {
    curl --silent --show-error --fail-with-body --retry 60 --retry-delay 2 --retry-connrefused \
        ${ARTEL_SEARCH_CURL:+--config "$ARTEL_SEARCH_CURL"} "$@"
    echo
}

put() {
    ask --request PUT --header 'Content-Type: application/json' --data-binary "@$here/$2" "$search/$1"
}

put _ilm/policy/artel-logs lifecycle.json
put _index_template/artel-logs index-template.json
if [ -n "${2:-}" ]; then
    ask --header 'kbn-xsrf: artel' --form "file=@$here/kibana.ndjson" "$2/api/saved_objects/_import?overwrite=true"
fi
