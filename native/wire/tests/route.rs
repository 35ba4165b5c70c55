//! The route token against its own rules: round trip, one spelling, every refusal, no panic.

use proptest::prelude::*;
use segue_wire::route::{
    DecodeError, EXPIRY_S_MAX, EXPIRY_S_MIN, EncodeError, RouteToken, TEXT_LEN, TokenText, decode, encode,
};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const NOW_S: u64 = 1_800_000_000;

fn token() -> RouteToken {
    RouteToken { key_id: 3, region: 7, core_hint: 513, session: 0x0123_4567_89ab_cdef, expires_at_s: NOW_S + 3_600 }
}

fn signed(token: &RouteToken) -> Result<TokenText, EncodeError> {
    encode(token, KEY)
}

fn ring(id: u8) -> Option<&'static [u8]> {
    (id == 3).then_some(KEY)
}

#[test]
fn a_known_token_keeps_its_spelling() {
    // Any change here breaks tokens already handed out: it needs a new version byte.
    let text = signed(&token()).map(|text| text.as_str().to_owned());
    assert_eq!(text.as_deref(), Ok("aebqoaqbaerukz4jvpg66ec3drgnyghslkolp52dyodlf6ui"));
}

#[test]
fn round_trip_and_the_minute_of_expiry() {
    let given = RouteToken { expires_at_s: NOW_S + 1, ..token() };
    let text = signed(&given).map(|text| decode(text.as_str().as_bytes(), ring, NOW_S));
    let whole_minute = (NOW_S + 1).div_ceil(60) * 60;
    assert_eq!(text, Ok(Ok(RouteToken { expires_at_s: whole_minute, ..given })));
}

#[test]
fn each_refusal_has_its_reason() {
    let Ok(text) = signed(&token()) else { return assert_eq!(signed(&token()).err(), None) };
    let good = text.as_str().as_bytes();
    assert_eq!(decode(good, |_| None, NOW_S), Err(DecodeError::UnknownKey));
    assert_eq!(decode(good, |_| Some(b"another key, of 32 bytes or so.."), NOW_S), Err(DecodeError::Forged));
    assert_eq!(decode(good, ring, NOW_S + 3_600), Ok(token()));
    assert_eq!(decode(good, ring, NOW_S + 3_601), Err(DecodeError::Expired));
    assert_eq!(decode(b"", ring, NOW_S), Err(DecodeError::Malformed));
    assert_eq!(decode(good.to_ascii_uppercase().as_slice(), ring, NOW_S), Err(DecodeError::Malformed));
    let mut other_version = good.to_vec();
    other_version.iter_mut().take(1).for_each(|c| *c = b'z');
    assert_eq!(decode(&other_version, ring, NOW_S), Err(DecodeError::Malformed));
}

#[test]
fn what_cannot_be_written_is_refused() {
    assert_eq!(encode(&token(), b"short").err(), Some(EncodeError::KeyTooShort));
    for expires_at_s in [0, EXPIRY_S_MIN - 1, EXPIRY_S_MAX + 1, u64::MAX] {
        let out = RouteToken { expires_at_s, ..token() };
        assert_eq!(signed(&out).err(), Some(EncodeError::ExpiryOutOfRange));
    }
    assert!(signed(&RouteToken { expires_at_s: EXPIRY_S_MAX, ..token() }).is_ok());
}

proptest! {
    #[test]
    fn any_token_round_trips(
        key_id: u8, region: u8, core_hint: u16, session: u64,
        expires_at_s in EXPIRY_S_MIN..=EXPIRY_S_MAX, key in prop::collection::vec(any::<u8>(), 16..80),
    ) {
        let given = RouteToken { key_id, region, core_hint, session, expires_at_s };
        let text = encode(&given, &key).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(text.as_str().len(), TEXT_LEN);
        prop_assert!(text.as_str().bytes().all(|c| c.is_ascii_alphanumeric()));
        let read = decode(text.as_str().as_bytes(), |id| (id == key_id).then_some(&key[..]), expires_at_s);
        prop_assert_eq!(read, Ok(RouteToken { expires_at_s: expires_at_s.div_ceil(60) * 60, ..given }));
    }

    #[test]
    fn one_changed_character_is_never_accepted(at in 0..TEXT_LEN, with: u8) {
        let text = signed(&token()).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        let mut changed = text.as_str().as_bytes().to_vec();
        if let Some(character) = changed.get_mut(at) {
            prop_assume!(*character != with);
            *character = with;
        }
        prop_assert!(decode(&changed, |_| Some(KEY), NOW_S).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), now_s: u64) {
        prop_assert!(decode(&bytes, |_| Some(KEY), now_s).is_err());
    }

    #[test]
    fn no_text_of_the_right_shape_panics(text in "[a-z2-7]{48}", now_s: u64) {
        prop_assert!(decode(text.as_bytes(), |_| Some(KEY), now_s).is_err());
    }
}
