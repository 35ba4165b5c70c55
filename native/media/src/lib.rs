//! Samples: a streaming resampler and the two telephone codecs.
//!
//! Owns: int16 mono audio on its way between the rates and encodings of the wire. Rules: pure, no clock, `process` and the
//! codecs never panic, memory is bounded by what is passed in. Refuses to know: packets, Python, and what the audio says.

pub mod g711;
pub mod resample;
