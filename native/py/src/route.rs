//! The route token for Python.

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping};
use segue_wire::route;

create_exception!(
    segue._native,
    RouteTokenError,
    PyValueError,
    "A text is not a route token to be trusted.\n\n`reason` is one of `malformed`, `unknown_key`, `forged`, `expired`."
);

/// What a verified route token says.
#[pyclass(frozen, eq, hash, get_all, module = "segue._native")]
#[derive(PartialEq, Eq, Hash)]
pub struct RouteToken {
    key_id: u8,
    region: u8,
    core_hint: u16,
    session: u64,
    expires_at_s: u64,
}

#[pymethods]
impl RouteToken {
    fn __repr__(&self) -> String {
        format!(
            "RouteToken(session={}, region={}, core_hint={}, expires_at_s={}, key_id={})",
            self.session, self.region, self.core_hint, self.expires_at_s, self.key_id
        )
    }
}

/// Write and sign a route token; its expiry is rounded up to a whole minute.
#[pyfunction]
#[pyo3(signature = (key, key_id, *, session, region, core_hint, expires_at_s))]
pub fn encode_route_token(
    key: &[u8],
    key_id: u8,
    session: u64,
    region: u8,
    core_hint: u16,
    expires_at_s: u64,
) -> PyResult<String> {
    let token = route::RouteToken { key_id, region, core_hint, session, expires_at_s };
    match route::encode(&token, key) {
        Ok(text) => Ok(text.as_str().to_owned()),
        Err(route::EncodeError::KeyTooShort) => {
            Err(PyValueError::new_err(format!("key: {} bytes; expected at least {}", key.len(), route::KEY_BYTES_MIN)))
        }
        Err(route::EncodeError::ExpiryOutOfRange) => Err(PyValueError::new_err(format!(
            "expires_at_s: {expires_at_s}; expected {}..{}",
            route::EXPIRY_S_MIN,
            route::EXPIRY_S_MAX
        ))),
    }
}

/// Verify a route token against a ring of keys and return what it says.
#[pyfunction]
pub fn decode_route_token(
    py: Python<'_>,
    token: &str,
    keys: &Bound<'_, PyMapping>,
    now_s: u64,
) -> PyResult<RouteToken> {
    // The ring is asked for one key only, so a failing mapping is told apart from a missing key.
    let mut key: Option<Bound<'_, PyBytes>> = None;
    let mut failed: Option<PyErr> = None;
    let read = route::decode(
        token.as_bytes(),
        |key_id| match look_up(keys, key_id) {
            Ok(found) => key.insert(found?).as_bytes().into(),
            Err(error) => {
                failed = Some(error);
                None
            }
        },
        now_s,
    );
    if let Some(error) = failed {
        return Err(error);
    }
    match read {
        Ok(token) => Ok(RouteToken {
            key_id: token.key_id,
            region: token.region,
            core_hint: token.core_hint,
            session: token.session,
            expires_at_s: token.expires_at_s,
        }),
        Err(error) => Err(refusal(py, error)?),
    }
}

fn look_up<'py>(keys: &Bound<'py, PyMapping>, key_id: u8) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if keys.contains(key_id)? { Ok(Some(keys.get_item(key_id)?.cast_into::<PyBytes>()?)) } else { Ok(None) }
}

fn refusal(py: Python<'_>, error: route::DecodeError) -> PyResult<PyErr> {
    let (reason, message) = match error {
        route::DecodeError::Malformed => ("malformed", "not a route token of a version this release reads"),
        route::DecodeError::UnknownKey => ("unknown_key", "route token signed by a key that is not in the ring"),
        route::DecodeError::Forged => ("forged", "route token with a wrong signature"),
        route::DecodeError::Expired => ("expired", "route token has expired"),
    };
    let error = RouteTokenError::new_err(message);
    error.value(py).setattr("reason", reason)?;
    Ok(error)
}
