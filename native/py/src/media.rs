//! Samples for Python: bytes of little-endian int16 in and out.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use segue_media::{g711, resample};

/// One mono int16 stream on its way from one rate to another (8, 16, 24 or 48 kHz).
#[pyclass(module = "segue._native")]
pub struct Resampler {
    inner: resample::Resampler,
}

#[pymethods]
impl Resampler {
    #[new]
    fn new(from_hz: u32, to_hz: u32) -> PyResult<Self> {
        match resample::Resampler::new(from_hz, to_hz) {
            Ok(inner) => Ok(Self { inner }),
            Err(resample::UnknownRate(rate_hz)) => {
                Err(PyValueError::new_err(format!("{rate_hz} Hz; expected one of {:?}", resample::RATES_HZ)))
            }
        }
    }

    /// Resample a chunk of any whole number of samples; chunking does not change the result.
    fn process<'py>(&mut self, py: Python<'py>, pcm: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let input = samples(pcm)?;
        let mut output = Vec::new();
        let inner = &mut self.inner;
        without_gil(py, pcm.len(), || {
            inner.process(&input, &mut output);
        });
        Ok(to_bytes(py, &output))
    }

    /// Forget the stream so far.
    fn reset(&mut self) {
        self.inner.reset();
    }

    /// Milliseconds from a sample going in to the same instant coming out.
    #[getter]
    fn delay_ms(&self) -> f64 {
        f64::from(self.inner.delay_ms())
    }
}

/// Decode G.711 mu-law to int16.
#[pyfunction]
pub fn ulaw_decode<'py>(py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
    decode(py, data, g711::ulaw_decode)
}

/// Encode int16 as G.711 mu-law.
#[pyfunction]
pub fn ulaw_encode<'py>(py: Python<'py>, pcm: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    encode(py, pcm, g711::ulaw_encode)
}

/// Decode G.711 A-law to int16.
#[pyfunction]
pub fn alaw_decode<'py>(py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
    decode(py, data, g711::alaw_decode)
}

/// Encode int16 as G.711 A-law.
#[pyfunction]
pub fn alaw_encode<'py>(py: Python<'py>, pcm: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    encode(py, pcm, g711::alaw_encode)
}

fn decode<'py>(py: Python<'py>, data: &[u8], one: fn(u8) -> i16) -> Bound<'py, PyBytes> {
    let mut output = Vec::new();
    without_gil(py, data.len(), || output.extend(data.iter().map(|&byte| one(byte))));
    to_bytes(py, &output)
}

fn encode<'py>(py: Python<'py>, pcm: &[u8], one: fn(i16) -> u8) -> PyResult<Bound<'py, PyBytes>> {
    let input = samples(pcm)?;
    let mut output = Vec::new();
    without_gil(py, pcm.len(), || output.extend(input.iter().map(|&sample| one(sample))));
    Ok(PyBytes::new(py, &output))
}

fn samples(pcm: &[u8]) -> PyResult<Vec<i16>> {
    let pairs = pcm.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(PyValueError::new_err(format!(
            "{} bytes are not whole int16 samples; expected an even number",
            pcm.len()
        )));
    }
    Ok(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

fn to_bytes<'py>(py: Python<'py>, samples: &[i16]) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    PyBytes::new(py, &bytes)
}

/// Give the GIL away for work worth more than the handing over.
fn without_gil(py: Python<'_>, input_bytes: usize, work: impl FnOnce() + Send) {
    if input_bytes >= DETACH_BYTES_MIN { py.detach(work) } else { work() }
}

/// 170 ms of 24 kHz: single frames are done in less time than it takes to give up the GIL and take it again.
const DETACH_BYTES_MIN: usize = 8_192;
