#!/bin/sh
# Makes the topics that a folder of topic files (contracts/topics) declares: topics.sh FOLDER HOST:PORT
set -eu
for file in "$1"/*.yaml; do
    name=$(sed -n 's/^topic: *\([a-z-]*\).*/\1/p' "$file")
    partitions=$(sed -n 's/^partitions: *\([0-9]*\).*/\1/p' "$file")
    # Below `config:`, indented by two: "  retention.ms: 1209600000 # 14 days".
    config=$(sed -n '/^config:/,/^[^ ]/s/^  \([a-z.]*\): *\([^ #]*\).*/--config \1=\2/p' "$file")
    # shellcheck disable=SC2086  # the options are meant to be several words
    "$KAFKA_TOPICS" --bootstrap-server "$2" --create --if-not-exists --topic "$name" --partitions "$partitions" $config
done
