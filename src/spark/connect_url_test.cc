#include "spark/connect_url.h"

#include <gmock/gmock.h>

namespace pregao::spark {
namespace {

using ::testing::HasSubstr;

TEST(ConnectUrl, HasSparksFormAndDefaults) {
  const auto plain = ParseConnectUrl("sc://spark").ValueOrDie();
  EXPECT_EQ(plain.address(), "spark:15002");
  EXPECT_FALSE(plain.tls);
  const auto full = ParseConnectUrl("sc://spark.example:443/;use_ssl=true;token=s3cret;user_id=ana").ValueOrDie();
  EXPECT_EQ(full.address(), "spark.example:443");
  EXPECT_TRUE(full.tls);
  EXPECT_EQ(full.token, "s3cret");
  EXPECT_EQ(full.user_id, "ana");
  EXPECT_EQ(ParseConnectUrl("sc://[::1]:7/").ValueOrDie().address(), "[::1]:7");
}

TEST(ConnectUrl, TakesHeadersAlong) {
  const auto url = ParseConnectUrl("sc://host:443/;use_ssl=true;x-databricks-Cluster-id=1-2-abc").ValueOrDie();
  EXPECT_EQ(url.headers, (std::map<std::string, std::string>{{"x-databricks-cluster-id", "1-2-abc"}}));
}

TEST(ConnectUrl, DecodesValuesAsSparksOwnClientsDo) {
  const auto url =
      ParseConnectUrl("sc://host/;token=YWJj%2f+x%3D%3D;user_id=Jos%C3%A9%3b;x-a=100%;x-b=%zz%4").ValueOrDie();
  EXPECT_EQ(url.token, "YWJj/+x==");
  EXPECT_EQ(url.user_id, "José;");
  EXPECT_EQ(url.headers, (std::map<std::string, std::string>{{"x-a", "100%"}, {"x-b", "%zz%4"}}));
}

TEST(ConnectUrl, SendsATokenToAnotherMachineByTlsOnly) {
  EXPECT_TRUE(ParseConnectUrl("sc://spark/;token=t").ValueOrDie().tls);
  EXPECT_FALSE(ParseConnectUrl("sc://localhost/;token=t").ValueOrDie().tls);
}

TEST(ConnectUrl, SaysWhatIsWrongAndRepeatsNoToken) {
  for (const auto& [text, why] :
       {std::pair("spark://host", "sc://host"), std::pair("sc://", "no host"), std::pair("sc://h:x", "port 'x'"),
        std::pair("sc://h:70000", "port '70000'"), std::pair("sc://h/token=s3cret", "follow '/;'"),
        std::pair("sc://h/;toke=s3cret", "'toke' is unknown"), std::pair("sc://h/;use_ssl=yes", "use_ssl=yes"),
        std::pair("sc://h/;s3cret", "no '='"), std::pair("sc://h/;token=s3cret==", "written %3D"),
        std::pair("sc://h/;token=s3cret%0A", "no header can carry"),
        std::pair("sc://h/;x-tenant id=1", "'x-tenant id'"), std::pair("sc://h/;x-ação=1", "'x-ação'"),
        std::pair("sc://h/;session_id=1-2", "leave session_id out")}) {
    const Status status = ParseConnectUrl(text).status();
    EXPECT_TRUE(status.IsInvalid()) << text;
    EXPECT_THAT(status.message(), HasSubstr(why));
    EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace pregao::spark
