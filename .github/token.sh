# GitHub's word for who this workflow is, which AWS takes for a role. It is good for a few minutes, so it is asked for anew.
set -euo pipefail
umask 077
curl --silent --show-error --fail --retry 3 \
  --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["value"], end="")' > "$AWS_WEB_IDENTITY_TOKEN_FILE"
