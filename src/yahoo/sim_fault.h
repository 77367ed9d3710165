#pragma once
#include <string>

#include "market/quote.h"
#include "yahoo/frame.h"
#include "yahoo/sim_random.h"
#include "yahoo/sim_server.h"
#include "yahoo/sim_transport.h"

namespace pregao::yahoo {

/// Invalid, naming it, where a probability is not in [0, 1].
[[nodiscard]] Status CheckFaults(const SimFaults& faults);

/// The quote's frame, spoilt in one of several ways, all of which DecodeFrame refuses.
[[nodiscard]] std::string Damage(const market::Quote& quote, Envelope envelope, SimRandom* random);

/// The answer, spoilt in one of several ways.
[[nodiscard]] SimAnswer DamageAnswer(SimAnswer answer, SimRandom* random);

}  // namespace pregao::yahoo
