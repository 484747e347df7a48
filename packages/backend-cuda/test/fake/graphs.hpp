// Captures of streams, and the graphs that are made of them.
#pragma once
#include "streams.hpp"

namespace fake {

// A stream goes, whether it records or not.
void abandonCapture(Stream& stream);
void releaseGraphsOf(Device& device);

}  // namespace fake
