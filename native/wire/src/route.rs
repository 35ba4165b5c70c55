//! The route token: what lets any edge verify a returning client, and find its core, without a look-up.
//!
//! It is 30 bytes, written as 48 characters of lower-case base32 (RFC 4648, no padding, no spare bits):
//!
//! ```text
//! version u8 | key id u8 | region u8 | core hint u16 | session u64 | expiry u24 | MAC, 14 bytes
//! ```
//!
//! Numbers are big-endian. The expiry counts minutes from 2025-01-01T00:00:00Z, rounded up. The MAC is HMAC-SHA256 over
//! `"segue.route\0"` and the first 16 bytes, cut to 112 bits; the label keeps it apart from everything else that is
//! derived from the same key. The alphabet is one that an ICE ufrag (RFC 8839 `ice-char`), a WebSocket subprotocol
//! (RFC 9110 `token`), a URL and a header all carry as it is, and one token has exactly one spelling.

use base32ct::{Base32Unpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Characters of a token's text.
pub const TEXT_LEN: usize = 48;

/// Fewest bytes of a key: 128 bits, or the MAC is the weaker for it.
pub const KEY_BYTES_MIN: usize = 16;

/// The first expiry that can be written, in seconds since the Unix epoch.
pub const EXPIRY_S_MIN: u64 = EPOCH_S;

/// The last expiry that can be written, in seconds since the Unix epoch (in the year 2056).
pub const EXPIRY_S_MAX: u64 = EPOCH_S + MINUTES_MAX * 60;

/// What a token says, once its MAC has been found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteToken {
    /// Which key of the fleet signed it.
    pub key_id: u8,
    /// Where the session was made.
    pub region: u8,
    /// The core to ask first; it may be gone.
    pub core_hint: u16,
    /// The session's word.
    pub session: u64,
    /// End of validity, in seconds since the Unix epoch; always a whole minute.
    pub expires_at_s: u64,
}

/// Why a text is not a token to be trusted. Checked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not 48 characters of the alphabet, or of a version this release does not read.
    Malformed,
    /// Signed by a key that is not in the ring: retired, or of another fleet.
    UnknownKey,
    /// The MAC is wrong: made up, or changed on the way.
    Forged,
    /// Good once, but over.
    Expired,
}

/// Why a token cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The key has fewer than [`KEY_BYTES_MIN`] bytes.
    KeyTooShort,
    /// The expiry is outside [`EXPIRY_S_MIN`]..=[`EXPIRY_S_MAX`].
    ExpiryOutOfRange,
}

/// A token's text, held without allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenText([u8; TEXT_LEN]);

impl TokenText {
    /// The text; always 48 ASCII characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Write `token`, signed with `key`. Its expiry is rounded up to a whole minute.
///
/// # Errors
/// [`EncodeError`] when the key is too short or the expiry cannot be represented.
pub fn encode(token: &RouteToken, key: &[u8]) -> Result<TokenText, EncodeError> {
    if key.len() < KEY_BYTES_MIN {
        return Err(EncodeError::KeyTooShort);
    }
    let minutes = expiry_minutes(token.expires_at_s).ok_or(EncodeError::ExpiryOutOfRange)?;
    let body = pack(token, minutes);
    let mut raw = [0_u8; RAW_LEN];
    let tag = mac(key, &body).ok_or(EncodeError::KeyTooShort)?.finalize().into_bytes();
    for (to, from) in raw.iter_mut().zip(body.iter().chain(tag.iter())) {
        *to = *from;
    }
    let mut text = [0_u8; TEXT_LEN];
    // The lengths are constants that fit each other: 30 bytes are 48 characters.
    let written = Base32Unpadded::encode(&raw, &mut text).map(str::len);
    debug_assert_eq!(written, Ok(TEXT_LEN));
    Ok(TokenText(text))
}

/// Read a token, trusting nothing in it before its MAC is verified in constant time.
///
/// `key_of` gives the key of a key id; `now_s` is seconds since the Unix epoch. A token is good through its expiry.
///
/// # Errors
/// [`DecodeError`]; any bytes give an error or a token, never a panic.
pub fn decode<'k>(
    text: &[u8],
    key_of: impl FnOnce(u8) -> Option<&'k [u8]>,
    now_s: u64,
) -> Result<RouteToken, DecodeError> {
    let text: &[u8; TEXT_LEN] = text.try_into().map_err(|_| DecodeError::Malformed)?;
    let mut raw = [0_u8; RAW_LEN];
    match Base32Unpadded::decode(text, &mut raw) {
        Ok(bytes) if bytes.len() == RAW_LEN => {}
        _ => return Err(DecodeError::Malformed),
    }
    let (body, tag) = raw.split_first_chunk::<BODY_LEN>().ok_or(DecodeError::Malformed)?;
    let [version, key_id, ..] = *body;
    if version != VERSION {
        return Err(DecodeError::Malformed);
    }
    let key = key_of(key_id).ok_or(DecodeError::UnknownKey)?;
    mac(key, body).ok_or(DecodeError::UnknownKey)?.verify_truncated_left(tag).map_err(|_| DecodeError::Forged)?;
    let token = unpack(body);
    if now_s > token.expires_at_s { Err(DecodeError::Expired) } else { Ok(token) }
}

fn expiry_minutes(expires_at_s: u64) -> Option<u32> {
    let minutes = expires_at_s.checked_sub(EPOCH_S)?.div_ceil(60);
    if minutes > MINUTES_MAX { None } else { u32::try_from(minutes).ok() }
}

fn pack(token: &RouteToken, minutes: u32) -> [u8; BODY_LEN] {
    let [c0, c1] = token.core_hint.to_be_bytes();
    let [s0, s1, s2, s3, s4, s5, s6, s7] = token.session.to_be_bytes();
    let [_, e0, e1, e2] = minutes.to_be_bytes();
    [VERSION, token.key_id, token.region, c0, c1, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1, e2]
}

fn unpack(body: &[u8; BODY_LEN]) -> RouteToken {
    let [_, key_id, region, c0, c1, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1, e2] = *body;
    RouteToken {
        key_id,
        region,
        core_hint: u16::from_be_bytes([c0, c1]),
        session: u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]),
        expires_at_s: EPOCH_S + u64::from(u32::from_be_bytes([0, e0, e1, e2])) * 60,
    }
}

/// None never happens: HMAC takes keys of any length.
fn mac(key: &[u8], body: &[u8; BODY_LEN]) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(LABEL);
    mac.update(body);
    Some(mac)
}

const VERSION: u8 = 1;
const BODY_LEN: usize = 16;
const MAC_LEN: usize = 14;
const RAW_LEN: usize = BODY_LEN + MAC_LEN;
const LABEL: &[u8] = b"segue.route\0";
/// 2025-01-01T00:00:00Z. Minutes since 1970 would have left 24 bits in 2001.
const EPOCH_S: u64 = 1_735_689_600;
const MINUTES_MAX: u64 = (1 << 24) - 1;
const _: () = assert!(RAW_LEN * 8 == TEXT_LEN * 5, "no spare bits, so that a token has one spelling");
