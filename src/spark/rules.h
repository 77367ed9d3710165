#pragma once
/// The texts of rules/*.sql, built into the program.
#include <string>

namespace pregao::spark {

extern const std::string kJudgedSql, kSilverSql, kQuarantineSql, kBronzeSql;

}  // namespace pregao::spark
