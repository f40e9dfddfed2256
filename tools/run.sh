#!/bin/sh
# Behind "make run": create the state once (a second run keeps it), then serve. VAR and PORT choose folder and port.
set -eu
var=${VAR:-var}
port=${PORT:-8080}
build/mintmark init --var "$var" --port "$port" --demo
exec build/mintmark serve --config "$var/mintmark.yaml"
