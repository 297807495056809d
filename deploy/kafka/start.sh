#!/bin/sh
# A Kafka node in a container: the settings beside this file filled in from the environment, the storage made when it is new, the broker run.
# No command line shows the administrator's password, and the format's own output, which would tell its keys, goes nowhere.
set -eu
umask 077
here=$(dirname "$0")
filled=${FILLED:-/tmp/kafka}
home=${KAFKA_HOME:-/opt/kafka}
password=$(cat "${SECRETS:-/run/secrets}/admin.kafka-password")
mkdir -p "$filled"

sed -f /dev/stdin "$here/server.properties" >"$filled/server.properties" <<FILL
s|@NODE@|1|
s|@VOTERS@|1@$HOST:9093|
s|@LISTENERS@|$LISTENERS|
s|@ADVERTISED@|$ADVERTISED|
s|@DATA@|$DATA|
s|@REPLICAS@|1|
s|@IN_SYNC@|1|
FILL
sed -f /dev/stdin "$here/jaas.conf" >"$filled/jaas.conf" <<FILL
s|@PASSWORD@|$password|g
FILL
cat >"$filled/format.arguments" <<ARGUMENTS
-cp "$home/libs/*" kafka.tools.StorageTool format --ignore-formatted --cluster-id $CLUSTER_ID
--config "$filled/server.properties" --add-scram "SCRAM-SHA-512=[name=admin,password=$password]"
ARGUMENTS
java "@$filled/format.arguments" >/dev/null
rm "$filled/format.arguments"

export KAFKA_OPTS="-Djava.security.auth.login.config=$filled/jaas.conf" KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$here/log4j2.properties"
exec "$home/bin/kafka-server-start.sh" "$filled/server.properties"
