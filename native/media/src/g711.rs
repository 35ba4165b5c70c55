//! G.711 mu-law and A-law, one byte a sample (ITU-T G.711).
//!
//! Encoding agrees with the widely used Sun reference code, sample for sample, over all 65,536 inputs.

/// Decode one mu-law byte.
#[must_use]
pub const fn ulaw_decode(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 0x07;
    let mantissa = (code & 0x0f) as i16;
    let magnitude = (((mantissa << 3) + ULAW_BIAS_16) << segment) - ULAW_BIAS_16;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// Encode one sample as mu-law.
#[must_use]
pub const fn ulaw_encode(sample: i16) -> u8 {
    // 14 bits, rounded towards minus infinity as in the reference.
    let value = sample >> 2;
    let (magnitude, mask) = if value < 0 { (-value, 0x7f) } else { (value, 0xff) };
    let biased = (if magnitude > ULAW_CLIP { ULAW_CLIP } else { magnitude } + ULAW_BIAS_14) as u16;
    // Bit 5 is the lowest a biased magnitude can have as its highest, bit 12 the highest.
    let segment = 10 - biased.leading_zeros();
    let code = ((segment << 4) as u8) | (((biased >> (segment + 1)) & 0x0f) as u8);
    code ^ mask
}

/// Decode one A-law byte.
#[must_use]
pub const fn alaw_decode(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 0x07;
    let step = ((code & 0x0f) as i16) << 4;
    let magnitude = match segment {
        0 => step + 0x008,
        _ => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// Encode one sample as A-law.
#[must_use]
pub const fn alaw_encode(sample: i16) -> u8 {
    let value = sample >> 3;
    // Ones' complement of a negative value: G.711 has no code for zero, so -1 is the smallest magnitude below it.
    let (magnitude, mask) = if value < 0 { ((!value) as u16, 0x55) } else { (value as u16, 0xd5) };
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = 11 - magnitude.leading_zeros() as u16;
        (segment << 4) | ((magnitude >> segment) & 0x0f)
    };
    (code as u8) ^ mask
}

const ULAW_BIAS_16: i16 = 0x84;
const ULAW_BIAS_14: i16 = 0x21;
/// The largest magnitude whose biased value still has 13 bits; G.711 codes everything above it alike.
const ULAW_CLIP: i16 = 8158;
