#!/usr/bin/env bash
# run.sh FOLDER PLAIN SASL SSL CONTROLLER: a broker on these ports, in the foreground. Its log is on standard output and
# has "Kafka Server started" once it answers. FOLDER/data is formatted when it is not there. Keys and the password come
# from $PREGAO_TEST_KAFKA_KEYS (else FOLDER), the jars from $PREGAO_TEST_KAFKA_LIBS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd) keys=${PREGAO_TEST_KAFKA_KEYS:-$1}
password=$(cat "$keys/password")
for file in server.pem ca.pem; do [ -e "$folder/$file" ] || cp "$keys/$file" "$folder/"; done
sed -e "s|@FOLDER@|$folder|g; s|@PASSWORD@|$password|g; s|@PLAIN@|$2|g; s|@SASL@|$3|g; s|@SSL@|$4|g; s|@CONTROLLER@|$5|g" \
  "$here/server.properties.in" >"$folder/server.properties"
chmod 600 "$folder/server.properties"
java=(java -Dlog4j2.configurationFile="$here/log4j2.properties" -Djava.awt.headless=true -cp "$PREGAO_TEST_KAFKA_LIBS/*")
if [ ! -e "$folder/data/meta.properties" ]; then
  scram=()
  for user in pregao reader; do
    for sha in 256 512; do scram+=(--add-scram "SCRAM-SHA-$sha=[name=$user,password=$password]"); done
  done
  "${java[@]}" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -t 5L6g3nShT-eMCtK--X86sw \
    -c "$folder/server.properties" "${scram[@]}"
fi
exec "${java[@]}" -Xms"${PREGAO_TEST_KAFKA_HEAP:-256m}" -Xmx"${PREGAO_TEST_KAFKA_HEAP:-512m}" -XX:+UseG1GC \
  kafka.Kafka "$folder/server.properties"
