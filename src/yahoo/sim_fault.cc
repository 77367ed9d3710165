#include "yahoo/sim_fault.h"

#include "market/base64.h"

namespace pregao::yahoo {

Status CheckFaults(const SimFaults& faults) {
  for (const auto& [name, value] : {std::pair{"drop", faults.drop},
                                    {"abort", faults.abort},
                                    {"duplicate", faults.duplicate},
                                    {"out_of_order", faults.out_of_order},
                                    {"future", faults.future},
                                    {"damaged", faults.damaged},
                                    {"silent", faults.silent},
                                    {"throttle", faults.throttle},
                                    {"broken", faults.broken}}) {
    if (!(value >= 0 && value <= 1)) {
      return Status::Invalid("fault ", name, " = ", value, " is no probability: give a number from 0 to 1");
    }
  }
  return Status::OK();
}

SimAnswer DamageAnswer(SimAnswer answer, SimRandom* random) {
  switch (random->Below(3)) {
    case 0:
      return {502, "Bad Gateway", {}};
    case 1:
      return {200, "<html><body>Will be right back...</body></html>", {}};
    default:
      answer.body.resize(answer.body.size() / 2);
      return answer;
  }
}

std::string Damage(const market::Quote& quote, Envelope envelope, SimRandom* random) {
  std::string bytes = EncodePricingData(quote);
  switch (random->Below(4)) {
    case 0: {  // a character that base64 does not have
      std::string text = EncodeFrame(quote, envelope);
      text[text.find(market::EncodeBase64(bytes)) + random->Below(8)] = '!';
      return text;
    }
    case 1:  // the last field's last byte is missing
      bytes.pop_back();
      break;
    case 2:  // a wire type that does not exist
      bytes += '\x0F';
      break;
    default:  // a length beyond the end
      bytes += "\x0A\x7F";
      break;
  }
  const std::string base64 = market::EncodeBase64(bytes);
  return envelope == Envelope::kBare ? base64 : R"({"type":"pricing","message":")" + base64 + "\"}";
}

}  // namespace pregao::yahoo
