#pragma once
/// librdkafka's properties as Spark's Kafka source has them: its client is Java's, whose names differ.
#include <functional>
#include <map>
#include <string>

#include "base/status.h"

namespace pregao::spark {

/// Options of the source, "kafka." before each: security.protocol, SASL by PLAIN or SCRAM, TLS with certificates as
/// PEM. Properties that tune librdkafka are left out. Invalid: one of security that has no such translation.
/// @param read  the text of a file that a property names
[[nodiscard]] Result<std::map<std::string, std::string>> KafkaOptions(
    const std::map<std::string, std::string>& properties,
    const std::function<Result<std::string>(const std::string& path)>& read);

}  // namespace pregao::spark
