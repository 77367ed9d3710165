#include "cli/settings.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace pregao::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pregao-settings-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    sources_.file = folder_ + "/pregao.toml";
    sources_.env_file = folder_ + "/.env";
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }

  void File(const std::string& text) { std::ofstream(sources_.file) << text; }
  void EnvFile(const std::string& text) { std::ofstream(sources_.env_file) << text; }
  Settings Load() {
    auto loaded = LoadSettings(sources_);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ok() ? loaded->settings : Settings{};
  }
  /// The error, with the folder taken out.
  std::string Error() {
    const auto loaded = LoadSettings(sources_);
    EXPECT_TRUE(loaded.status().IsInvalid()) << loaded.status();
    std::string text = loaded.status().message();
    for (auto at = text.find(folder_ + "/"); at != std::string::npos; at = text.find(folder_ + "/")) {
      text.erase(at, folder_.size() + 1);
    }
    return text;
  }
  std::string FileError(const std::string& text) {
    File(text);
    return Error();
  }

  std::string folder_;
  SettingSources sources_;
};

TEST_F(SettingsTest, WithoutSourcesEverythingIsDefault) {
  const Settings s = Load();
  EXPECT_EQ(s.topic, "local:data/topic.db");
  EXPECT_EQ(s.engine_partition_by, Names{"date"});
  for (const SettingKey& key : SettingKeys()) EXPECT_EQ(s.origins.at(key.name), "default") << key.name;
}

TEST_F(SettingsTest, FileIsReadWithItsLinesAsOrigin) {
  File(
      "topic = \"local:t.db\"\n"
      "[engine]\n"
      "commit-interval = \"2s\"\n"
      "max-rows = 10\n"
      "bronze = false\n"
      "partition-by = [\"date\", \"ticker\"]\n"
      "[local]\n"
      "retention-age = \"\"\n"
      "retention-bytes = \"2GiB\"\n");
  const Settings s = Load();
  EXPECT_EQ(s.topic, "local:t.db");
  EXPECT_EQ(s.engine_commit_interval, Duration(2000));
  EXPECT_EQ(s.engine_max_rows, 10);
  EXPECT_FALSE(s.engine_bronze);
  EXPECT_EQ(s.engine_partition_by, (Names{"date", "ticker"}));
  EXPECT_EQ(s.local_retention_age, std::nullopt);
  EXPECT_EQ(s.local_retention_bytes, Bytes{2LL << 30});
  EXPECT_THAT(s.origins.at("engine.max-rows"), HasSubstr("pregao.toml:4"));
}

TEST_F(SettingsTest, FlagBeatsEnvironmentBeatsEnvFileBeatsFile) {
  File("lake = \"file\"\n");
  EXPECT_EQ(Load().lake, "file");
  EnvFile("PREGAO_LAKE=dotenv\n");
  EXPECT_EQ(Load().lake, "dotenv");
  sources_.environment = {"PREGAO_LAKE=environment"};
  EXPECT_EQ(Load().lake, "environment");
  EXPECT_EQ(Load().origins.at("lake"), "environment PREGAO_LAKE");
  sources_.flags = {{"lake", "flag"}};
  EXPECT_EQ(Load().lake, "flag");
  EXPECT_EQ(Load().origins.at("lake"), "--lake");
}

TEST_F(SettingsTest, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(FileError("# a comment\nwatchlst = \"x\"\n"),
            "pregao.toml:2: unknown key 'watchlst'; did you mean 'watchlist'?");
  EXPECT_EQ(FileError("[engine]\ncommit_interval = \"1s\"\n"),
            "pregao.toml:2: unknown key 'engine.commit_interval'; did you mean 'engine.commit-interval'?");
  EXPECT_EQ(FileError("zzz = 1\n"), "pregao.toml:1: unknown key 'zzz'; `pregao doctor --print-config` lists the keys");
  EXPECT_EQ(FileError("\nlake = {}\n"), "pregao.toml:2: lake = {}: expected text");
}

TEST_F(SettingsTest, WrongTypeNamesTheValueAndWhatIsExpected) {
  EXPECT_EQ(FileError("lake = 7\n"), "pregao.toml:1: lake = 7: expected text");
  EXPECT_EQ(FileError("[engine]\nmax-rows = \"10\"\n"),
            "pregao.toml:2: engine.max-rows = '10': expected a whole number, 1 to 10000000");
  EXPECT_EQ(FileError("engine.bronze = 1\n"), "pregao.toml:1: engine.bronze = 1: expected true or false");
  EXPECT_THAT(FileError("engine.commit-interval = 1\n"),
              HasSubstr("engine.commit-interval = 1: expected a duration such as \"500ms\", \"1s\" or \"2h\""));
  EXPECT_THAT(FileError("engine.partition-by = \"date\"\n"),
              HasSubstr("[\"date\"], [\"ticker\"], [\"date\", \"ticker\"]"));
}

TEST_F(SettingsTest, OutOfRangeNamesTheBounds) {
  EXPECT_EQ(FileError("[yahoo]\nsymbols-per-connection = 101\n"),
            "pregao.toml:2: yahoo.symbols-per-connection = \"101\": expected a whole number, 1 to 100");
  EXPECT_THAT(FileError("engine.commit-interval = \"1ms\"\n"), HasSubstr("\"1ms\": expected a duration"));
  EXPECT_THAT(FileError("local.retention-bytes = \"1KiB\"\n"), HasSubstr("1MiB to "));
}

TEST_F(SettingsTest, ValueOutsideTheAllowedNamesThemAndTheNearest) {
  EXPECT_EQ(FileError("engine.compression = \"ztsd\"\n"),
            "pregao.toml:1: engine.compression = \"ztsd\": expected one of zstd, snappy (did you mean \"zstd\"?)");
  EXPECT_EQ(FileError("lake = \"\"\n"), "pregao.toml:1: lake = \"\": expected text");
}

TEST_F(SettingsTest, ACurrencyIsThreeCapitalsOrNone) {
  for (const char* const value : {"brl", "R$", "GBp", "EURO"}) {
    EXPECT_THAT(FileError(std::string("portfolio.currency = \"") + value + "\"\n"),
                AllOf(HasSubstr("portfolio.currency"), HasSubstr(value), HasSubstr("such as \"BRL\"")));
  }
  File("[portfolio]\ncurrency = \"BRL\"\n");
  EXPECT_EQ(Load().portfolio_currency, "BRL");
  File("[portfolio]\ncurrency = \"\"\n");
  EXPECT_EQ(Load().portfolio_currency, "");
}

TEST_F(SettingsTest, WhatIsNotTomlNamesItsLine) {
  EXPECT_THAT(FileError("topic = \"a\"\nlake = \n"),
              AllOf(HasSubstr("pregao.toml:2: not TOML: "), Not(HasSubstr("{}"))));
  EXPECT_THAT(FileError("topic = \"a\"\ntopic = \"b\"\n"), HasSubstr("pregao.toml:2: not TOML"));
}

TEST_F(SettingsTest, OnlyAFileThatWasNamedMustExist) {
  Load();
  sources_.file_required = true;
  EXPECT_THAT(Error(), HasSubstr("pregao.toml: there is no such file"));
}

TEST_F(SettingsTest, EnvironmentErrorsNameTheVariable) {
  sources_.environment = {"PREGAO_ENGINE_MAX_ROWS=many"};
  EXPECT_EQ(Error(),
            "environment PREGAO_ENGINE_MAX_ROWS: engine.max-rows = \"many\": expected a whole number, 1 to 10000000");
  sources_.environment.clear();
  EnvFile("# ours\nPREGAO_LAKE=x\nnonsense\n");
  EXPECT_EQ(Error(), ".env:3: 'nonsense' is not NAME=value; begin a comment with #");
}

TEST_F(SettingsTest, EnvFilesHaveCommentsAndQuotesAsOthersReadThem) {
  const std::pair<const char*, const char*> lines[] = {{"PREGAO_LAKE=data/lake # where", "data/lake"},
                                                       {"PREGAO_LAKE = a#b ", "a#b"},
                                                       {"export PREGAO_LAKE=\"a # b\" # c", "a # b"},
                                                       {"PREGAO_LAKE='it is'#c", "it is"},
                                                       {"PREGAO_LAKE=a'b", "a'b"},
                                                       {"PREGAO_LAKE=a\t#b\r", "a"}};
  for (const auto& [line, lake] : lines) {
    EnvFile(line);
    EXPECT_EQ(Load().lake, lake) << line;
  }
  EnvFile("PREGAO_KAFKA_SASL_PASSWORD= # none\n");
  EXPECT_EQ(Load().kafka.at("sasl.password"), "");
  EnvFile("\nPREGAO_LAKE=\"data/lake\n");
  EXPECT_EQ(Error(), ".env:2: PREGAO_LAKE: the quote \" is not closed");
  EnvFile("PREGAO_LAKE='a' b\n");
  EXPECT_EQ(Error(), ".env:1: PREGAO_LAKE: 'b' stands behind the closing quote");
}

TEST_F(SettingsTest, AMisspeltTableIsNamed) {
  EXPECT_THAT(FileError("[engin]\ncommit-interval = \"1s\"\n"), HasSubstr("did you mean 'engine'?"));
}

TEST_F(SettingsTest, UnknownPregaoVariableIsAWarningOthersAreNot) {
  sources_.environment = {"PREGAO_TOPIK=x", "PATH=/bin", "PREGAO_CACHE=/c", "PREGAO_CONFIG=f"};
  const auto loaded = LoadSettings(sources_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(loaded->warnings,
              ElementsAre("environment PREGAO_TOPIK: no setting is called PREGAO_TOPIK (did you mean PREGAO_TOPIC?); "
                          "it is ignored"));
}

TEST_F(SettingsTest, EnvFileTakesQuotesExportAndWindowsLineEnds) {
  EnvFile("\xEF\xBB\xBF# seed\r\nexport PROJECT_ID=\"my project\"\r\nBUCKET_NAME = 'b'\r\n\r\nOTHER=1\r\n");
  const Settings s = Load();
  EXPECT_EQ(s.project_id, "my project");
  EXPECT_EQ(s.bucket_name, "b");
  EXPECT_EQ(s.google_application_credentials, "");
  EXPECT_THAT(s.origins.at("PROJECT_ID"), HasSubstr(".env:2"));
}

TEST_F(SettingsTest, TheSeedsBucketIsTheLakeWhenNobodyHasNamedOne) {
  EnvFile("BUCKET_NAME=b\n");
  EXPECT_EQ(Load().lake, "gs://b");
  EXPECT_THAT(Load().origins.at("lake"), AllOf(HasSubstr("BUCKET_NAME"), HasSubstr(".env:1")));
  File("lake = \"mine\"\n");
  EXPECT_EQ(Load().lake, "mine");
  sources_.environment = {"PREGAO_LAKE=theirs"};
  EXPECT_EQ(Load().lake, "theirs");
}

TEST_F(SettingsTest, TheCommitIntervalFitsTheLakeUnlessItIsSet) {
  EXPECT_EQ(Load().engine_commit_interval, Duration(1'000));
  sources_.flags = {{"lake", "gs://b/x"}};
  Settings s = Load();
  EXPECT_EQ(s.engine_commit_interval, Duration(10'000));
  EXPECT_EQ(s.origins.at("engine.commit-interval"), "default on gs://");
  s.lake = "folder";
  FitToLake(&s);
  EXPECT_EQ(s.engine_commit_interval, Duration(1'000));
  File("engine.commit-interval = \"3s\"\n");
  EXPECT_EQ(Load().engine_commit_interval, Duration(3'000));
}

TEST_F(SettingsTest, AFolderMayBeginAtHome) {
  sources_.environment = {"HOME=/h"};
  EXPECT_EQ(ExpandHome("~/c", Load()), "/h/c");
  EXPECT_EQ(ExpandHome("c/~", Load()), "c/~");
}

TEST_F(SettingsTest, KafkaTableIsLetThrough) {
  File("[kafka]\n\"group.id\" = \"g\"\nfetch.min.bytes = 1\n\"enable.idempotence\" = true\n");
  EXPECT_EQ(Load().kafka, (std::map<std::string, std::string>{
                              {"enable.idempotence", "true"}, {"fetch.min.bytes", "1"}, {"group.id", "g"}}));
  EXPECT_EQ(FileError("[kafka]\nbrokers = [\"a\"]\n"),
            "pregao.toml:2: kafka.brokers is a list; librdkafka takes text, numbers and booleans");
}

TEST_F(SettingsTest, KafkaPropertiesComeFromTheEnvironmentToo) {
  File("[kafka]\nsasl.username = \"file\"\nclient.id = \"c\"\n");
  sources_.environment = {"PREGAO_KAFKA_SASL_USERNAME=environment", "PREGAO_KAFKA_SASL_PASSWORD=word"};
  const Settings s = Load();
  EXPECT_EQ(s.kafka, (std::map<std::string, std::string>{
                         {"client.id", "c"}, {"sasl.password", "word"}, {"sasl.username", "environment"}}));
  EXPECT_EQ(s.origins.at("kafka.sasl.password"), "environment PREGAO_KAFKA_SASL_PASSWORD");
}

TEST_F(SettingsTest, UnknownFlagIsRefused) {
  sources_.flags = {{"engine.max-row", "1"}};
  EXPECT_EQ(Error(), "--engine.max-row: unknown setting; did you mean 'engine.max-rows'?");
}

TEST(SettingKeys, HaveDistinctNamesAndVariablesAndValidDefaults) {
  std::set<std::string> variables;
  for (const SettingKey& key : SettingKeys()) {
    EXPECT_TRUE(variables.insert(EnvironmentName(key.name)).second) << key.name;
    EXPECT_FALSE(key.help.ends_with('.')) << key.name;
  }
  EXPECT_EQ(EnvironmentName("yahoo.stream-url"), "PREGAO_YAHOO_STREAM_URL");
}

// Uncommenting the whole sample must give the defaults, each now with a line as its origin.
TEST_F(SettingsTest, SampleFileSaysTheDefaults) {
  std::istringstream in(SampleFile());
  std::string toml;
  for (std::string line; std::getline(in, line);) {
    const bool assignment = line.starts_with("# ") && line.find(" = ") != std::string::npos;
    toml += (assignment ? line.substr(2) : line) + "\n";
  }
  File(toml);
  const Settings s = Load(), defaults;
  for (const SettingKey& key : SettingKeys()) {
    EXPECT_EQ(ValueText(key, s), ValueText(key, defaults)) << key.name;
    EXPECT_THAT(s.origins.at(key.name), HasSubstr("pregao.toml:")) << key.name;
  }
}

TEST(SampleFile, IsWhatTheRepositoryShows) {
  std::ifstream in(PREGAO_SOURCE_DIR "/pregao.toml.example");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), SampleFile()) << "run `pregao doctor --print-config > pregao.toml.example`";
}

}  // namespace
}  // namespace pregao::cli
