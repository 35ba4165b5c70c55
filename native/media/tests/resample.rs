//! The resampler, measured: gain in the band, attenuation beyond it, delay, and independence of chunking.

#![allow(clippy::indexing_slicing)]

use proptest::prelude::*;
use segue_media::resample::{DELAY_MS, RATES_HZ, Resampler, UnknownRate};

const AMPLITUDE: f64 = 16_000.0;

fn tone(rate_hz: u32, hz: f64, samples: u32) -> Vec<i16> {
    let step = 2.0 * core::f64::consts::PI * hz / f64::from(rate_hz);
    (0..samples).map(|n| ((step * f64::from(n)).sin() * AMPLITUDE).round() as i16).collect()
}

fn resampled(from_hz: u32, to_hz: u32, input: &[i16]) -> Vec<i16> {
    let mut output = Vec::new();
    match Resampler::new(from_hz, to_hz) {
        Ok(mut resampler) => resampler.process(input, &mut output),
        Err(error) => assert_eq!(error, UnknownRate(0)),
    }
    output
}

/// Level in dB of a settled output, against a full tone of `AMPLITUDE`.
fn level_db(output: &[i16]) -> f64 {
    let settled = &output[output.len() / 4..];
    let power = settled.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / settled.len() as f64;
    10.0 * ((power + 1e-9) / (AMPLITUDE * AMPLITUDE / 2.0)).log10()
}

fn pairs() -> impl Iterator<Item = (u32, u32)> {
    RATES_HZ.into_iter().flat_map(|from| RATES_HZ.into_iter().filter(move |&to| to != from).map(move |to| (from, to)))
}

#[test]
fn the_band_is_flat_and_beyond_it_is_silence() {
    for (from_hz, to_hz) in pairs() {
        let nyquist_hz = f64::from(from_hz.min(to_hz)) / 2.0;
        for hz in [100.0, 1_000.0, nyquist_hz / 2.0, nyquist_hz - 1_000.0] {
            let db = level_db(&resampled(from_hz, to_hz, &tone(from_hz, hz, from_hz / 2)));
            assert!(db.abs() < 0.05, "{from_hz} -> {to_hz} at {hz} Hz: {db:.3} dB");
        }
        if from_hz > to_hz {
            let mut hz = nyquist_hz + 10.0;
            while hz < f64::from(from_hz) / 2.0 - 10.0 {
                let db = level_db(&resampled(from_hz, to_hz, &tone(from_hz, hz, from_hz / 4)));
                assert!(db < -58.0, "{from_hz} -> {to_hz} lets {hz} Hz through at {db:.1} dB");
                hz += 487.0;
            }
        }
    }
}

#[test]
fn raising_the_rate_adds_no_image() {
    for (from_hz, to_hz) in pairs().filter(|(from, to)| to > from) {
        let hz = f64::from(from_hz) / 2.0 - 1_000.0;
        let output = resampled(from_hz, to_hz, &tone(from_hz, hz, from_hz / 2));
        // What is left when the tone itself is projected out: its images, the noise of rounding, nothing else.
        let settled = &output[output.len() / 4..];
        let step = 2.0 * core::f64::consts::PI * hz / f64::from(to_hz);
        let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
        for (n, &sample) in settled.iter().enumerate() {
            let phase = step * n as f64;
            sine += f64::from(sample) * phase.sin();
            cosine += f64::from(sample) * phase.cos();
            power += f64::from(sample).powi(2);
        }
        let rest = power - 2.0 * (sine * sine + cosine * cosine) / settled.len() as f64;
        let db = 10.0 * (rest.max(1e-9) / power).log10();
        assert!(db < -58.0, "{from_hz} -> {to_hz}: images at {db:.1} dB");
    }
}

#[test]
fn an_impulse_comes_out_two_milliseconds_later() {
    for (from_hz, to_hz) in pairs() {
        let mut input = vec![0_i16; from_hz as usize / 10];
        let at_ms = 50;
        input[(from_hz / 1_000 * at_ms) as usize] = 30_000;
        let output = resampled(from_hz, to_hz, &input);
        let peak = output.iter().enumerate().max_by_key(|(_, s)| s.unsigned_abs()).map(|(n, _)| n as u32);
        assert_eq!(peak, Some(to_hz / 1_000 * (at_ms + DELAY_MS)), "{from_hz} -> {to_hz}");
    }
}

#[test]
fn as_many_samples_come_out_as_time_went_in() {
    for (from_hz, to_hz) in pairs() {
        assert_eq!(resampled(from_hz, to_hz, &vec![0; from_hz as usize]).len(), to_hz as usize);
    }
}

#[test]
fn full_scale_saturates_instead_of_wrapping() {
    let square: Vec<i16> = (0..4_800).map(|n| if n / 48 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    for to_hz in [8_000, 16_000, 24_000] {
        let output = resampled(48_000, to_hz, &square);
        let flat = resampled(48_000, to_hz, &[i16::MAX; 4_800]);
        assert!(flat.iter().skip(to_hz as usize / 100).all(|&s| s == i16::MAX));
        assert!(output.contains(&i16::MAX) && output.contains(&i16::MIN));
    }
}

#[test]
fn equal_rates_pass_through_and_unknown_rates_are_refused() {
    let input = tone(16_000, 440.0, 1_000);
    assert_eq!(resampled(16_000, 16_000, &input), input);
    assert_eq!(Resampler::new(16_000, 16_000).map(|r| r.delay_ms()), Ok(0));
    assert_eq!(Resampler::new(16_000, 24_000).map(|r| r.delay_ms()), Ok(DELAY_MS));
    assert_eq!(Resampler::new(44_100, 16_000).err(), Some(UnknownRate(44_100)));
    assert_eq!(Resampler::new(8_000, 0).err(), Some(UnknownRate(0)));
}

proptest! {
    #[test]
    fn chunking_does_not_matter(
        from in 0..4_usize, to in 0..4_usize,
        chunks in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..200), 0..12),
    ) {
        let whole: Vec<i16> = chunks.concat();
        let expected = resampled(RATES_HZ[from], RATES_HZ[to], &whole);
        let Ok(mut resampler) = Resampler::new(RATES_HZ[from], RATES_HZ[to]) else { return Ok(()) };
        for round in 0..2 {
            let mut output = Vec::new();
            for chunk in &chunks {
                resampler.process(chunk, &mut output);
            }
            prop_assert_eq!(&output, &expected, "round {}", round);
            resampler.reset();
        }
    }
}
