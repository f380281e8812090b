//! The part of DER (ITU-T X.690) that the lab reads and writes.

/// A value of any tag, its length in the shortest form.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, short @ 0..0x80] => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(content);
    out
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(0x30, &parts.concat())
}

/// A SET OF: its members stand in the order of their encodings.
pub fn set(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    value(0x31, &members.concat())
}

pub fn small_integer(number: u8) -> Vec<u8> {
    value(0x02, &[number])
}

pub fn octets(content: &[u8]) -> Vec<u8> {
    value(0x04, content)
}

pub fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        content.extend(base128(*arc));
    }
    value(0x06, &content)
}

/// Seven bits a byte, all but the last with the top bit set.
fn base128(number: u64) -> Vec<u8> {
    let digits = (0..10).rev().map(|place| u8::try_from(number >> (7 * place) & 0x7f).unwrap());
    let mut digits: Vec<u8> = digits.skip_while(|digit| *digit == 0).map(|digit| digit | 0x80).collect();
    match digits.last_mut() {
        Some(last) => *last &= 0x7f,
        None => digits.push(0),
    }
    digits
}

/// The members of a constructed value, each with its header.
pub fn members(der: &[u8]) -> Vec<&[u8]> {
    let (start, length) = header(der);
    let mut rest = &der[start..start + length];
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (start, length) = header(rest);
        let (member, after) = rest.split_at(start + length);
        found.push(member);
        rest = after;
    }
    found
}

/// Length of a header and of the content that follows it.
fn header(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let length = der[2..2 + count].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            (2 + count, length)
        }
    }
}
