//! A streaming polyphase resampler between 8, 16, 24 and 48 kHz with a constant delay of two milliseconds.
//!
//! Rate change by L/M: conceptually L-1 zeros are put between samples, a linear-phase low-pass runs at L times the input
//! rate, and each M-th sample is kept; the polyphase form computes only those, from only the samples that are not zero.
//! The low-pass is a Kaiser-windowed sinc (beta 6.2, stop-band below -60 dB) whose half-length is 2 ms whatever the rates,
//! so its transition is 1 kHz wide: the band is flat to 1 kHz below the lower Nyquist frequency, and silent above it.
//! Each phase is scaled to a gain of exactly one for a constant, so no phase can be heard against another.

/// What the resampler delays, in milliseconds, when the rates differ.
pub const DELAY_MS: u32 = 2;

/// The rates it knows.
pub const RATES_HZ: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

/// The rates given are not both in [`RATES_HZ`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRate(
    /// The one that is not.
    pub u32,
);

/// One mono stream on its way from one rate to another. Chunks of any size give the samples that one chunk would.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// None passes samples through: the rates are equal.
    filter: Option<Polyphase>,
}

impl Resampler {
    /// Build one; computes the filter (a few microseconds).
    ///
    /// # Errors
    /// [`UnknownRate`] names the rate that is not 8, 16, 24 or 48 kHz.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, UnknownRate> {
        for rate_hz in [from_hz, to_hz] {
            if !RATES_HZ.contains(&rate_hz) {
                return Err(UnknownRate(rate_hz));
            }
        }
        Ok(Self { filter: (from_hz != to_hz).then(|| Polyphase::new(from_hz, to_hz)) })
    }

    /// Milliseconds from a sample going in to the same instant coming out.
    #[must_use]
    pub fn delay_ms(&self) -> u32 {
        if self.filter.is_some() { DELAY_MS } else { 0 }
    }

    /// Take `input`, append what it completes to `output`.
    pub fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        match &mut self.filter {
            Some(filter) => filter.process(input, output),
            None => output.extend_from_slice(input),
        }
    }

    /// Forget the stream so far, as if newly built.
    pub fn reset(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.reset();
        }
    }
}

#[derive(Clone, Debug)]
struct Polyphase {
    /// For each phase its taps, newest sample last, `taps` of them and a multiple of `LANES`.
    phases: Vec<Vec<f32>>,
    taps: usize,
    up: usize,
    down: usize,
    /// The last `taps - 1` samples, and then the ones not used up.
    history: Vec<f32>,
    /// Position of the next output on the grid of the raised rate, counted from the first sample not used up.
    position: usize,
}

impl Polyphase {
    fn new(from_hz: u32, to_hz: u32) -> Self {
        let common = gcd(from_hz, to_hz);
        let (up, down) = ((to_hz / common) as usize, (from_hz / common) as usize);
        let prototype = low_pass(from_hz * (to_hz / common), from_hz.min(to_hz));
        let taps = prototype.len().div_ceil(up).next_multiple_of(LANES);
        let phases = (0..up).map(|phase| phase_taps(&prototype, phase, up, taps)).collect();
        Self { phases, taps, up, down, history: vec![0.0; taps - 1], position: 0 }
    }

    fn reset(&mut self) {
        self.history.clear();
        self.history.resize(self.taps - 1, 0.0);
        self.position = 0;
    }

    fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        self.history.extend(input.iter().map(|&sample| f32::from(sample)));
        output.reserve(input.len() * self.up / self.down + 1);
        loop {
            let newest = self.position / self.up;
            let Some(window) = self.history.get(newest..newest + self.taps) else { break };
            let Some(taps) = self.phases.get(self.position % self.up) else { break };
            output.push(to_sample(dot(window, taps)));
            self.position += self.down;
        }
        // Whole samples that no later output looks back to. The next output may lie past the end of the input.
        let spent = (self.position / self.up).min(self.history.len() - (self.taps - 1));
        self.history.drain(..spent);
        self.position -= spent * self.up;
    }
}

/// Taps of a linear-phase low-pass that runs at `rate_hz` and ends below half of `narrow_hz`.
fn low_pass(rate_hz: u32, narrow_hz: u32) -> Vec<f64> {
    let half = (rate_hz * DELAY_MS / 1_000) as i32;
    let cutoff = (f64::from(narrow_hz) / 2.0 - TRANSITION_HZ / 2.0) / f64::from(rate_hz);
    let norm = bessel_i0(KAISER_BETA);
    (-half..=half)
        .map(|n| {
            let x = f64::from(n);
            let ideal = if n == 0 {
                2.0 * cutoff
            } else {
                (2.0 * core::f64::consts::PI * cutoff * x).sin() / (core::f64::consts::PI * x)
            };
            let at = x / f64::from(half);
            ideal * bessel_i0(KAISER_BETA * (1.0 - at * at).max(0.0).sqrt()) / norm
        })
        .collect()
}

/// Every `up`-th tap from `phase` on, scaled to sum to one, reversed so that the newest sample comes last.
fn phase_taps(prototype: &[f64], phase: usize, up: usize, taps: usize) -> Vec<f32> {
    let picked: Vec<f64> = prototype.iter().skip(phase).step_by(up).copied().collect();
    let gain: f64 = picked.iter().sum();
    let mut reversed = vec![0.0_f32; taps - picked.len()];
    reversed.extend(picked.iter().rev().map(|tap| (tap / gain) as f32));
    reversed
}

/// Modified Bessel function of the first kind, order zero, by its series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40_i32 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

/// Independent lanes, because a compiler may not reorder one floating-point sum.
fn dot(window: &[f32], taps: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    for (samples, weights) in window.chunks_exact(LANES).zip(taps.chunks_exact(LANES)) {
        for (lane, (sample, weight)) in lanes.iter_mut().zip(samples.iter().zip(weights)) {
            *lane += sample * weight;
        }
    }
    lanes.iter().sum()
}

fn to_sample(value: f32) -> i16 {
    // `as` truncates and saturates, and there is no NaN to make: inputs are int16 and taps are finite. Not `round`, which
    // is a call into libm on a baseline x86-64.
    (value + 0.5_f32.copysign(value)) as i16
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

const LANES: usize = 16;
const KAISER_BETA: f64 = 6.2;
const TRANSITION_HZ: f64 = 1_000.0;
