// The validated configuration of the process as the engine's own.
#pragma once

#include "controller/config/config.h"
#include "engine/engine.h"

namespace podcron::loop {

/// With a random process id: two calls never give the same holder.
engine::EngineConfig engine_config(const config::Config& config);

}  // namespace podcron::loop
