# Apache Kafka: one KRaft broker, its data, keys and passwords in the service's folder. Exports
#   PREGAO_TEST_KAFKA        host:port without TLS; everything is allowed there
#   PREGAO_TEST_KAFKA_SASL   host:port with TLS, for the users pregao and reader, by PLAIN or SCRAM
#   PREGAO_TEST_KAFKA_SSL    host:port with TLS that asks for a client certificate
#   PREGAO_TEST_KAFKA_KEYS   a folder: ca.pem, client.pem, client.key, other-ca.pem, password (of both users)
#   PREGAO_TEST_KAFKA_RUN    a program: FOLDER PORTS… in the foreground; a broker of a test's own, to stop and start

kafka_jars() {
  cp "$services_dir/kafka/pom.xml" .
  retry mvn -q -B -Dkafka.version="$KAFKA_VERSION" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libs
  rm pom.xml
}

kafka_install() { fetch "kafka-$KAFKA_VERSION" kafka_jars; }

# kafka_keys FOLDER: a certificate authority, a server's and a client's key, and an authority that signed neither.
kafka_keys() (
  cd "$1"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pregao-test -keyout ca.key -out ca.pem
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=somebody-else -keyout other.key -out other-ca.pem
  for who in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr
    openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $who.crt \
      -extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost')
  done
  cat server.key server.crt >server.pem
  cp client.crt client.pem
  chmod 600 ./*.key server.pem
) >"$1/keys.log" 2>&1

kafka_start() {
  local folder=$1 ports
  openssl rand -hex 16 >"$folder/password"
  kafka_keys "$folder"
  read -ra ports <<<"$(free_ports 4)"
  export PREGAO_TEST_KAFKA_RUN=$services_dir/kafka/run.sh PREGAO_TEST_KAFKA_LIBS=$cache/kafka-$KAFKA_VERSION/libs
  export PREGAO_TEST_KAFKA_KEYS=$folder
  export PREGAO_TEST_KAFKA=127.0.0.1:${ports[0]} PREGAO_TEST_KAFKA_SASL=127.0.0.1:${ports[1]}
  export PREGAO_TEST_KAFKA_SSL=127.0.0.1:${ports[2]}
  background "$folder/broker.log" "$PREGAO_TEST_KAFKA_RUN" "$folder" "${ports[@]}"
  await 120 "$folder/broker.log" grep -q 'Kafka Server started' "$folder/broker.log"
}
