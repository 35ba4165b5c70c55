//! `segue._native`: the native crates as Python sees them. It converts and raises; all logic is in the crates.

use pyo3::prelude::*;

mod media;
mod route;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::media::{Resampler, alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};
    #[pymodule_export]
    use crate::route::{RouteToken, RouteTokenError, decode_route_token, encode_route_token};
}
