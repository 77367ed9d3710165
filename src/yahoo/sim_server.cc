#include "yahoo/sim_server.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <mutex>

#include "base/clock.h"
#include "yahoo/frame.h"
#include "yahoo/json_scan.h"
#include "yahoo/market_sim.h"
#include "yahoo/sim_chart.h"
#include "yahoo/sim_fault.h"
#include "yahoo/sim_transport.h"

namespace pregao::yahoo {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kFutureMs = 3'600'000;
constexpr double kMaxSpeed = 10'000;
constexpr std::chrono::seconds kMaxSkip = std::chrono::hours(45 * 24);

struct SimRequest {
  std::vector<std::string> subscribe, unsubscribe;
};

Result<std::vector<std::string>> Symbols(JsonScanner* scan) {
  std::vector<std::string> out;
  TRY(scan->Expect('['));
  if (scan->Take(']')) return out;
  do {
    TRY_ASSIGN(std::string symbol, scan->String());  // a null symbol is malformed
    out.push_back(std::move(symbol));
  } while (scan->Take(','));
  TRY(scan->Expect(']'));
  return out;
}

/// Invalid for whatever makes Yahoo close the connection.
Result<SimRequest> ParseRequest(std::string_view text) {
  SimRequest out;
  JsonScanner scan(text);
  TRY(scan.Expect('{'));
  if (!scan.Take('}')) {
    do {
      TRY_ASSIGN(const std::string action, scan.String());
      TRY(scan.Expect(':'));
      if (action != "subscribe" && action != "unsubscribe") return Status::Invalid("unknown action ", action);
      TRY_ASSIGN(auto symbols, Symbols(&scan));
      auto& into = action == "subscribe" ? out.subscribe : out.unsubscribe;
      into.insert(into.end(), symbols.begin(), symbols.end());
    } while (scan.Take(','));
    TRY(scan.Expect('}'));
  }
  TRY(scan.End());
  return out;
}

Status Check(const SimServerOptions& o) {
  if (!(o.speed > 0 && o.speed <= kMaxSpeed)) {
    return Status::Invalid("speed ", o.speed, " is out of range: give more than 0 and at most ", kMaxSpeed);
  }
  if (o.symbols_per_connection == 0) return Status::Invalid("symbols_per_connection is 0: give at least 1");
  if (o.certificate_pem.empty() != o.key_pem.empty())
    return Status::Invalid("a certificate needs its key, and a key its certificate");
  if (o.skip < std::chrono::seconds(0) || o.skip > kMaxSkip) {
    return Status::Invalid("skip is ", o.skip.count(), " s: give 0 to ", kMaxSkip.count());
  }
  return CheckFaults(o.faults);
}

struct Client {
  std::shared_ptr<SimConnection> connection;
  Envelope envelope;
  bool silent;
  std::vector<std::string> symbols;  // in the order of subscription, cut at the limit
  std::optional<SentFrame> held;     // waits for the next one to pass it
};

}  // namespace

struct SimServer::Impl {
  explicit Impl(SimServerOptions o, TimestampMs start)
      : options(std::move(o)), market(options.seed, start), random(options.seed, "server"), faults(options.faults) {}

  [[nodiscard]] std::string Address() const;
  SimAnswer Request(std::string_view target);
  void Opened(std::uint64_t id, std::string_view target, std::shared_ptr<SimConnection> connection);
  void Message(std::uint64_t id, std::string_view text);
  void Closed(std::uint64_t id);
  void Tick();
  void Dropped(const std::vector<std::uint64_t>& ids);
  void Subscribe(std::uint64_t id, Client* client, const SimRequest& request);
  void Quote(std::uint64_t id, Client* client, const market::Quote& quote, bool snapshot);
  void Send(Client* client, SentFrame frame);

  // Used on the transport's thread alone.
  const SimServerOptions options;
  SystemClock wall;
  MarketSim market;
  SimChart chart{&market};
  SimRandom random;
  std::map<std::uint64_t, Client> clients;

  mutable std::mutex mutex;
  SimFaults faults;            // guarded by mutex
  SimStats stats;              // guarded by mutex
  std::deque<SentFrame> sent;  // guarded by mutex

  std::uint16_t port = 0;
  std::mutex stopping;
  std::unique_ptr<SimTransport> transport;  // guarded by stopping; last: its thread uses all of the above
};

SimAnswer SimServer::Impl::Request(std::string_view target) {
  SimFaults now;
  {
    const std::lock_guard lock(mutex);
    now = faults;
    ++stats.chart_requests;
  }
  if (random.Chance(now.throttle)) {
    const std::lock_guard lock(mutex);
    ++stats.chart_throttled;
    return {429, "Too Many Requests\r\n", now.retry_after_s > 0 ? std::optional(now.retry_after_s) : std::nullopt};
  }
  SimAnswer answer = chart.Answer(target);
  if (!random.Chance(now.broken)) return answer;
  const std::lock_guard lock(mutex);
  ++stats.chart_broken;
  return DamageAnswer(std::move(answer), &random);
}

void SimServer::Impl::Opened(std::uint64_t id, std::string_view target, std::shared_ptr<SimConnection> connection) {
  const bool json =
      target.find("?version=2") != std::string_view::npos || target.find("&version=2") != std::string_view::npos;
  const std::lock_guard lock(mutex);
  clients.emplace(
      id,
      Client{std::move(connection), json ? Envelope::kJson : Envelope::kBare, random.Chance(faults.silent), {}, {}});
  ++stats.connections;
  stats.symbols[id] = 0;
  stats.open = clients.size();
}

void SimServer::Impl::Closed(std::uint64_t id) {
  const std::lock_guard lock(mutex);
  clients.erase(id);
  stats.symbols.erase(id);
  stats.open = clients.size();
}

void SimServer::Impl::Message(std::uint64_t id, std::string_view text) {
  const auto it = clients.find(id);
  if (it == clients.end()) return;
  const auto request = ParseRequest(text);
  if (request.ok()) return Subscribe(id, &it->second, *request);
  {
    const std::lock_guard lock(mutex);
    ++stats.malformed_requests;
  }
  it->second.connection->Close(SimClose::kWithoutCode);
  Closed(id);
}

void SimServer::Impl::Subscribe(std::uint64_t id, Client* client, const SimRequest& request) {
  for (const std::string& symbol : request.unsubscribe) std::erase(client->symbols, symbol);
  std::vector<std::string> fresh;
  for (const std::string& symbol : request.subscribe) {
    if (client->symbols.size() == options.symbols_per_connection) break;  // the cut, in silence
    if (std::find(client->symbols.begin(), client->symbols.end(), symbol) != client->symbols.end()) continue;
    client->symbols.push_back(symbol);
    fresh.push_back(symbol);
  }
  {
    const std::lock_guard lock(mutex);
    ++stats.requests;
    stats.symbols[id] = client->symbols.size();
  }
  for (const std::string& symbol : fresh) {
    if (const market::Quote* last = market.Last(symbol)) Quote(id, client, *last, true);
  }
}

void SimServer::Impl::Tick() {
  if (market.now().value + 1000 > wall.Now().value) return;  // nothing is quoted before its time
  market.Tick();
  SimFaults now;
  {
    const std::lock_guard lock(mutex);
    now = faults;
  }
  std::vector<std::uint64_t> dropped;
  for (auto& [id, client] : clients) {
    const bool abort = random.Chance(now.abort), drop = random.Chance(now.drop);
    if (abort || drop) {
      client.connection->Close(abort ? SimClose::kReset : SimClose::kGoingAway);
      dropped.push_back(id);
      continue;
    }
    for (const std::string& symbol : client.symbols) {
      if (const market::Quote* quote = market.Snapshot(symbol)) Quote(id, &client, *quote, false);
    }
  }
  Dropped(dropped);
}

void SimServer::Impl::Dropped(const std::vector<std::uint64_t>& ids) {
  for (const std::uint64_t id : ids) Closed(id);
  const std::lock_guard lock(mutex);
  stats.drops += ids.size();
}

void SimServer::Impl::Quote(std::uint64_t id, Client* client, const market::Quote& quote, bool snapshot) {
  if (client->silent) return;
  SimFaults now;
  {
    const std::lock_guard lock(mutex);
    now = faults;
  }
  market::Quote altered = quote;
  if (random.Chance(now.future))
    altered[market::kEventTime] = std::get<std::int64_t>(quote[market::kEventTime]) + kFutureMs;
  SentFrame frame{id, std::string(quote.ticker()), EncodeFrame(altered, client->envelope), false, snapshot};
  if (random.Chance(now.damaged)) {
    frame.text = Damage(altered, client->envelope, &random);
    frame.damaged = true;
  }
  if (!client->held.has_value() && random.Chance(now.out_of_order)) {
    client->held = std::move(frame);
    return;
  }
  const bool twice = random.Chance(now.duplicate);
  Send(client, frame);
  if (twice) {
    Send(client, frame);
    const std::lock_guard lock(mutex);
    ++stats.duplicates;
  }
  if (client->held.has_value()) {
    Send(client, *std::move(client->held));
    client->held.reset();
  }
}

void SimServer::Impl::Send(Client* client, SentFrame frame) {
  client->connection->Send(frame.text);
  const std::lock_guard lock(mutex);
  ++stats.frames;
  if (frame.damaged) ++stats.damaged;
  if (options.keep_sent == 0) return;
  if (sent.size() == options.keep_sent) sent.pop_front();
  sent.push_back(std::move(frame));
}

Result<std::unique_ptr<SimServer>> SimServer::Start(SimServerOptions options) {
  TRY(Check(options));
  const std::int64_t now = SystemClock().Now().value / 1000 * 1000;
  const TimestampMs start = options.start.value_or(TimestampMs(options.speed > 1 ? now - kDayMs : now));
  const SimTransportOptions transport{
      options.host,
      options.port,
      options.max_connections,
      std::chrono::microseconds(static_cast<std::int64_t>(std::ceil(1e6 / options.speed))),
      options.certificate_pem,
      options.key_pem};
  auto impl = std::make_shared<Impl>(std::move(options), start);
  Impl* raw = impl.get();
  for (auto skip = impl->options.skip; skip > std::chrono::seconds(0); --skip) impl->market.Tick();
  TRY_ASSIGN(impl->transport,
             SimTransport::Start(
                 transport, {.on_open = [raw](std::uint64_t id, std::string_view target,
                                              auto connection) { raw->Opened(id, target, std::move(connection)); },
                             .on_message = [raw](std::uint64_t id, std::string_view text) { raw->Message(id, text); },
                             .on_close = [raw](std::uint64_t id) { raw->Closed(id); },
                             .on_request = [raw](std::string_view target) { return raw->Request(target); },
                             .on_tick = [raw] { raw->Tick(); },
                             .on_stop = [raw] { raw->clients.clear(); }}));
  impl->port = impl->transport->port();
  return std::unique_ptr<SimServer>(new SimServer(std::move(impl)));
}

SimServer::SimServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SimServer::~SimServer() { Stop(); }

void SimServer::Stop() {
  const std::lock_guard lock(impl_->stopping);
  impl_->transport.reset();
}

std::uint16_t SimServer::port() const { return impl_->port; }

std::string SimServer::Impl::Address() const {
  const bool v6 = options.host.find(':') != std::string::npos;
  return (v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(port);
}

std::string SimServer::url() const {
  return (impl_->options.certificate_pem.empty() ? "ws://" : "wss://") + impl_->Address() + "/?version=2";
}

std::string SimServer::http_url() const {
  return (impl_->options.certificate_pem.empty() ? "http://" : "https://") + impl_->Address();
}

SimStats SimServer::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

std::vector<SentFrame> SimServer::sent() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->sent.begin(), impl_->sent.end()};
}

void SimServer::SetFaults(const SimFaults& faults) {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults = faults;
}

void SimServer::DropAll(bool abrupt) {
  const std::lock_guard lock(impl_->stopping);
  if (impl_->transport == nullptr) return;
  impl_->transport->Post([impl = impl_.get(), abrupt] {
    std::vector<std::uint64_t> dropped;
    for (auto& [id, client] : impl->clients) {
      client.connection->Close(abrupt ? SimClose::kReset : SimClose::kGoingAway);
      dropped.push_back(id);
    }
    impl->Dropped(dropped);
  });
}

}  // namespace pregao::yahoo
