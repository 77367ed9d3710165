#include "cloud/google_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/http_server.h"

namespace pregao::cloud {
namespace {

using std::chrono::milliseconds;
using test::HttpServer;
using test::ServedAnswer;
using test::ServedRequest;
using testing::AllOf;
using testing::HasSubstr;

/// Sends one request to a server that answers with `answers` in turn, the last one for ever.
class GoogleApiTest : public testing::Test {
 protected:
  Result<HttpAnswer> Send(std::vector<ServedAnswer> answers) {
    const HttpServer server([&](const ServedRequest& request) {
      return answers[std::min(static_cast<std::size_t>(request.number), answers.size()) - 1];
    });
    RetryOptions retry;
    retry.wait = [this](milliseconds wait) { waits_.push_back(wait); };
    GoogleApi api(std::make_shared<HttpClient>(), nullptr, retry);
    HttpRequest request;
    request.url = server.url();
    auto answer = api.Send(request);
    requests_ = server.requests();
    if (answer.ok()) error_ = api.Error(*answer, "cannot do it", "the role r");
    return answer;
  }
  std::vector<milliseconds> waits_;
  std::int64_t requests_ = 0;
  Status error_;
};

TEST_F(GoogleApiTest, WhatMayPassIsAskedAgainUntilItHasPassed) {
  const auto drop = ServedAnswer{200, {}, "", ServedAnswer::Fault::kDrop};
  const auto cut = ServedAnswer{200, {}, "whole", ServedAnswer::Fault::kTruncate};
  const auto answer = Send({{503}, {408}, drop, {500}, cut, {429, {{"Retry-After", "20"}}, ""}, {200, {}, "whole"}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "whole");
  EXPECT_EQ(requests_, 7);
  EXPECT_EQ(waits_.back(), milliseconds(20'000));
}

TEST_F(GoogleApiTest, TooFastIsAlsoSaidBy403) {
  EXPECT_EQ(Send({{403, {}, R"({"error":{"errors":[{"reason":"rateLimitExceeded"}]}})"}, {200}})->status, 200);
  EXPECT_EQ(Send({{403, {}, R"({"error":{"errors":[{"reason":"forbidden"}],"message":"no"}})"}, {200}})->status, 403);
  EXPECT_TRUE(error_.IsInvalid());
  EXPECT_THAT(error_.message(), AllOf(HasSubstr("HTTP 403: no"), HasSubstr("the role r")));
}

TEST_F(GoogleApiTest, WhatStaysIsNotAskedAgain) {
  for (const int status : {200, 204, 308, 400, 404, 409, 412, 416}) {
    EXPECT_EQ(Send({{status}})->status, status);
    EXPECT_EQ(requests_, 1) << status;
  }
}

TEST_F(GoogleApiTest, AFaultThatDoesNotPassEndsAfterTheAttempts) {
  const auto answer = Send({{503, {}, "the whole region is away"}});
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(requests_, RetryOptions().max_attempts);
  EXPECT_TRUE(error_.IsIOError());
  EXPECT_THAT(error_.message(), HasSubstr("the whole region is away"));
  const auto dropped = Send({{200, {}, "", ServedAnswer::Fault::kDrop}});
  EXPECT_TRUE(dropped.status().IsIOError());
  EXPECT_THAT(dropped.status().message(), HasSubstr("8 attempts"));
}

}  // namespace
}  // namespace pregao::cloud
