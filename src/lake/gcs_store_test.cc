#include "lake/gcs_store.h"

#include <cstdlib>
#include <deque>

#include "test/fake_gcs.h"
#include "test/lake_tools.h"
#include "test/race_testing.h"

namespace pregao::lake {
namespace {

using pregao::test::FakeGcs;
using pregao::test::GcsFault;
using pregao::test::ServedRequest;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t kChunk = 256u << 10;

GcsOptions OptionsFor(const FakeGcs& gcs) {
  GcsOptions options;
  options.emulator = gcs.url();
  options.upload_chunk = kChunk;
  options.page_size = 3;
  options.retry.wait = [](milliseconds) {};
  return options;
}

const SystemClock kClock;

std::shared_ptr<ObjectStore> OpenAt(const FakeGcs& gcs, const std::string& uri = "gs://lake/pre/fix") {
  return GcsStore::Open(uri, OptionsFor(gcs), &kClock).ValueOrDie();
}

class GcsStoreTest : public testing::Test {
 protected:
  /// Fails the requests for which `where` is true, once each by number: `faults` in turn, then none.
  void Plan(std::function<bool(const ServedRequest&)> where, std::vector<GcsFault> faults) {
    auto left = std::make_shared<std::deque<GcsFault>>(faults.begin(), faults.end());
    gcs_.set_plan(
        [where = std::move(where), left, mutex = std::make_shared<std::mutex>()](const ServedRequest& request) {
          std::lock_guard lock(*mutex);
          if (left->empty() || !where(request)) return GcsFault::kNone;
          const GcsFault fault = left->front();
          left->pop_front();
          return fault;
        });
  }
  static bool IsUpload(const ServedRequest& request) { return request.target.starts_with("/upload/"); }
  static bool IsPiece(const ServedRequest& request) { return request.method == "PUT"; }

  FakeGcs gcs_;
  std::shared_ptr<ObjectStore> store_ = OpenAt(gcs_);
};

TEST_F(GcsStoreTest, ObjectsLieUnderThePrefix) {
  ASSERT_OK(store_->Put("a/b", "x"));
  EXPECT_EQ(gcs_.bytes("pre/fix/a/b"), "x");
  EXPECT_EQ(store_->uri(), "gs://lake/pre/fix");
  const auto whole = OpenAt(gcs_, "gs://lake/");
  EXPECT_EQ(whole->uri(), "gs://lake");
  EXPECT_EQ(*whole->Get("pre/fix/a/b"), "x");
}

TEST_F(GcsStoreTest, OnlyTheFormGsBucketPrefixIsTaken) {
  for (const char* uri :
       {"gs://", "gs://a", "gs://Upper", "gs://lake/a/../b", "gs://lake//a", "s3://lake", "gs:/lake"}) {
    const auto store = GcsStore::Open(uri, OptionsFor(gcs_), &kClock);
    EXPECT_TRUE(store.status().IsInvalid()) << uri << store.status();
    EXPECT_THAT(store.status().message(), HasSubstr(uri));
  }
}

TEST_F(GcsStoreTest, TimesOfObjectsAreInMilliseconds) {
  ASSERT_OK(store_->Put("k", "x"));
  EXPECT_EQ(store_->List("")->at(0).modified, TimestampMs(1'795'367'120'123));
}

TEST_F(GcsStoreTest, AWriteWhoseAnswerWasLostIsStillOurs) {
  for (const GcsFault fault : {GcsFault::kDoneDrop, GcsFault::kDoneError}) {
    for (const std::size_t size : {std::size_t{10}, 3 * kChunk}) {
      const std::string path = std::to_string(static_cast<int>(fault)) + "/" + std::to_string(size);
      Plan(IsUpload, {fault, fault, fault});
      EXPECT_EQ(*store_->PutIfAbsent(path, std::string(size, 'a')), PutOutcome::kCreated) << path;
      EXPECT_EQ(*store_->PutIfAbsent(path, std::string(size, 'a')), PutOutcome::kExists) << path;  // the very bytes
    }
  }
}

TEST_F(GcsStoreTest, AWriteThatNeverArrivedAndLostToARivalIsNotOurs) {
  Plan(
      [&](const ServedRequest& request) {
        if (!IsUpload(request)) return false;
        gcs_.set_plan(nullptr);
        EXPECT_EQ(*OpenAt(gcs_)->PutIfAbsent("k", "rival"), PutOutcome::kCreated);
        return true;
      },
      {GcsFault::kDrop});
  EXPECT_EQ(*store_->PutIfAbsent("k", "ours"), PutOutcome::kExists);
  EXPECT_EQ(*store_->Get("k"), "rival");
}

TEST_F(GcsStoreTest, ALargeObjectSurvivesAFaultAtEveryPiece) {
  std::string bytes(4 * kChunk + 7, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
  for (const GcsFault fault :
       {GcsFault::kBusy, GcsFault::kTooFast, GcsFault::kDrop, GcsFault::kDoneDrop, GcsFault::kDoneError}) {
    for (int piece = 0; piece < 6; ++piece) {  // the session's start and five pieces
      std::vector<GcsFault> faults(static_cast<std::size_t>(piece), GcsFault::kNone);
      faults.push_back(fault);
      Plan(IsUpload, faults);
      const std::string path = fmt::format("large/{}/{}", static_cast<int>(fault), piece);
      ASSERT_EQ(*store_->PutIfAbsent(path, bytes), PutOutcome::kCreated) << path;
      ASSERT_EQ(gcs_.bytes("pre/fix/" + path), bytes) << path;
    }
  }
}

TEST_F(GcsStoreTest, AnAnswerThatIsCutShortOrDoesNotComeIsAskedForAgain) {
  auto options = OptionsFor(gcs_);
  options.http.total_timeout = milliseconds(300);
  const auto store = GcsStore::Open("gs://lake", options, &kClock).ValueOrDie();
  for (const GcsFault fault : {GcsFault::kTruncate, GcsFault::kStall}) {
    const auto once = [&] { Plan([](const ServedRequest&) { return true; }, {fault}); };
    once();
    EXPECT_EQ(*store->PutIfAbsent(std::to_string(static_cast<int>(fault)), "0123456789"), PutOutcome::kCreated);
    ASSERT_OK(store->Put("k", "0123456789"));
    once();
    EXPECT_EQ(*store->Get("k"), "0123456789");
    once();
    EXPECT_EQ(*store->GetRange("k", 2, 6), "234567");
    once();
    EXPECT_EQ(store->List("k")->size(), 1u);
    once();
    ASSERT_OK(store->Delete("k"));
  }
}

TEST_F(GcsStoreTest, AfterAFaultOnlyWhatIsMissingIsSent) {
  const std::string bytes(8 * kChunk, 'x');
  std::vector<std::string> ranges;
  gcs_.set_plan([&](const ServedRequest& request) {
    if (!IsPiece(request)) return GcsFault::kNone;
    ranges.push_back(request.header("content-range"));
    return ranges.size() == 7 ? GcsFault::kBusy : GcsFault::kNone;
  });
  ASSERT_OK(store_->Put("k", bytes));
  ASSERT_EQ(ranges.size(), 10u);  // eight pieces, one question, one piece again
  EXPECT_EQ(ranges[7], "bytes */2097152");
  EXPECT_EQ(ranges[8], ranges[6]);
}

TEST_F(GcsStoreTest, AnUploadSessionThatIsForgottenBeginsAnew) {
  const std::string bytes(4 * kChunk, 'x');
  int pieces = 0;
  gcs_.set_plan([&](const ServedRequest& request) {
    if (IsPiece(request) && ++pieces == 3) gcs_.ForgetSessions();
    return GcsFault::kNone;
  });
  EXPECT_EQ(*store_->PutIfAbsent("k", bytes), PutOutcome::kCreated);
  EXPECT_EQ(gcs_.bytes("pre/fix/k"), bytes);
  gcs_.set_plan([&](const ServedRequest& request) {  // and not for ever
    if (IsPiece(request)) gcs_.ForgetSessions();
    return GcsFault::kNone;
  });
  EXPECT_TRUE(store_->PutIfAbsent("other", bytes).status().IsIOError());
}

TEST_F(GcsStoreTest, WhatArrivedOtherwiseThanItWasSentIsAnError) {
  gcs_.set_damage_uploads(true);
  const Status status = store_->Put("k", "bytes");
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_THAT(status.message(), HasSubstr("arrived otherwise"));
}

TEST_F(GcsStoreTest, AnAbsentBucketIsInvalidAndSaysHowToMakeIt) {
  const auto store = OpenAt(gcs_, "gs://absent/x");
  for (const Status& status : {store->Put("k", "x"), store->Get("k").status(), store->List("").status()}) {
    EXPECT_TRUE(status.IsInvalid()) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("gs://absent"), HasSubstr("buckets create gs://absent")));
  }
}

TEST_F(GcsStoreTest, AnOutageIsAnIoErrorWithinTheLimitsAndCounted) {
  auto options = OptionsFor(gcs_);
  options.counters = std::make_shared<cloud::HttpCounters>();
  const auto store = GcsStore::Open("gs://lake", options, &kClock).ValueOrDie();
  gcs_.set_plan([](const ServedRequest&) { return GcsFault::kBusy; });
  EXPECT_TRUE(store->Put("k", "x").IsIOError());
  EXPECT_TRUE(store->PutIfAbsent("k", "x").status().IsIOError());
  EXPECT_TRUE(store->Get("k").status().IsIOError());
  EXPECT_TRUE(store->GetRange("k", 0, 1).status().IsIOError());
  EXPECT_TRUE(store->List("").status().IsIOError());
  EXPECT_TRUE(store->Delete("k").IsIOError());
  EXPECT_EQ(options.counters->requests, 6 * options.retry.max_attempts);
  EXPECT_EQ(options.counters->retries, 6 * (options.retry.max_attempts - 1));
}

TEST_F(GcsStoreTest, ATokenThatEndsInTheMiddleOfAnUploadIsRenewed) {
  pregao::test::HttpServer metadata([](const ServedRequest& request) {
    static std::atomic<int> given = 0;
    const bool probe = request.target == "/";
    return pregao::test::ServedAnswer{
        200,
        {{"Metadata-Flavor", "Google"}},
        probe ? "" : fmt::format(R"({{"access_token":"t{}","expires_in":3600}})", ++given)};
  });
  auto options = OptionsFor(gcs_);
  options.endpoint = options.emulator;
  options.emulator.clear();
  options.environment.metadata_host = metadata.address();
  const auto store = GcsStore::Open("gs://lake", options, &kClock).ValueOrDie();
  std::string valid = "Bearer t1";
  int pieces = 0;
  gcs_.set_plan([&](const ServedRequest& request) {
    if (IsPiece(request) && ++pieces == 2) valid = "Bearer t2";
    return request.header("authorization") == valid ? GcsFault::kNone : GcsFault::kUnauthorised;
  });
  const std::string bytes(4 * kChunk, 'x');
  EXPECT_EQ(*store->PutIfAbsent("k", bytes), PutOutcome::kCreated);
  EXPECT_EQ(gcs_.bytes("k"), bytes);
  EXPECT_EQ(pieces, 5);  // four, and the one that was refused
  valid = "nobody";
  const Status status = store->Put("k", "x");
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("metadata server"), testing::Not(HasSubstr("t3"))));
}

TEST_F(GcsStoreTest, OfTwoRivalsAtEachVersionOneCommits) {
  const char* const wanted = std::getenv("PREGAO_RACE_COMMITS");  // 1,000 take a minute
  GcsOptions options = OptionsFor(gcs_);
  options.page_size = 1'000;
  test::RaceTwoWriters([&] { return GcsStore::Open("gs://lake/race", options, &kClock).ValueOrDie(); },
                       wanted != nullptr ? std::strtoll(wanted, nullptr, 10) : 100, &kClock);
}

}  // namespace
}  // namespace pregao::lake
