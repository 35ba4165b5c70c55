//! G.711 against its standard values and its own table.

use segue_media::g711::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};

#[test]
fn standard_values() {
    for (byte, sample) in [(0x00, -32_124), (0x80, 32_124), (0x7f, 0), (0xff, 0), (0xfe, 8), (0x7e, -8), (0xf0, 120)] {
        assert_eq!(ulaw_decode(byte), sample, "mu-law {byte:#04x}");
    }
    for (byte, sample) in [(0x55, -8), (0xd5, 8), (0x2a, -32_256), (0xaa, 32_256), (0xd4, 24), (0x80, 5_504)] {
        assert_eq!(alaw_decode(byte), sample, "A-law {byte:#04x}");
    }
    assert_eq!((ulaw_encode(0), ulaw_encode(32_767), ulaw_encode(-32_768)), (0xff, 0x80, 0x00));
    assert_eq!((alaw_encode(0), alaw_encode(32_767), alaw_encode(-32_768)), (0xd5, 0xaa, 0x2a));
}

#[test]
fn every_code_survives_decoding_and_encoding() {
    for byte in 0..=255_u8 {
        // Mu-law has two zeros; the positive one is the canonical.
        let expected = if byte == 0x7f { 0xff } else { byte };
        assert_eq!(ulaw_encode(ulaw_decode(byte)), expected);
        assert_eq!(alaw_encode(alaw_decode(byte)), byte);
    }
}

#[test]
fn every_sample_is_coded_within_its_step() {
    for sample in i16::MIN..=i16::MAX {
        let magnitude = i32::from(sample).abs();
        let clipped = i32::from(sample).clamp(-32_635, 32_635);
        let mu_error = (i32::from(ulaw_decode(ulaw_encode(sample))) - clipped).abs();
        assert!(mu_error <= 4 + (magnitude + 132) / 32 + 3, "mu-law {sample}: {mu_error}");
        let a_error = (i32::from(alaw_decode(alaw_encode(sample))) - i32::from(sample)).abs();
        assert!(a_error <= 8 + magnitude / 32 + 7, "A-law {sample}: {a_error}");
    }
}
