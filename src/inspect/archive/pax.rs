//! Reads pax records: lines `LENGTH KEY=VALUE` that replace fields of the next member's header.

/// The fields that records replace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Replaced {
    pub(super) name: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Whether the member is a sparse file of GNU's, whose content has a form of its own.
    pub(super) is_sparse: bool,
}

/// What was read of records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) replaced: Replaced,
    /// Keys that come twice with different values.
    pub(super) ambiguous: Vec<&'static str>,
}

impl Records {
    /// Reads them.
    ///
    /// # Errors
    /// The reason why they are not records.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, &'static str> {
        const MALFORMED: &str = "the records about a member are malformed";
        let mut records = Self::default();
        while !bytes.is_empty() {
            let blank = bytes.iter().take(20).position(|byte| *byte == b' ').ok_or(MALFORMED)?;
            let length = std::str::from_utf8(&bytes[..blank]).ok().and_then(|text| text.parse::<usize>().ok());
            let length = length.filter(|length| *length > blank + 1 && *length <= bytes.len()).ok_or(MALFORMED)?;
            let (record, rest) = bytes.split_at(length);
            let record = record[blank + 1..].strip_suffix(b"\n").ok_or(MALFORMED)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(MALFORMED)?;
            records.take(&record[..equals], &record[equals + 1..])?;
            bytes = rest;
        }
        Ok(records)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let Replaced { name, link, size, is_sparse } = &mut self.replaced;
        match key {
            b"path" => replace(name, value.to_vec(), "path", &mut self.ambiguous),
            b"linkpath" => replace(link, value.to_vec(), "linkpath", &mut self.ambiguous),
            b"size" => {
                let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                let number = number.filter(|number| *number <= i64::MAX.unsigned_abs());
                let number = number.ok_or("the size in the records about a member is not a number, or too large")?;
                replace(size, number, "size", &mut self.ambiguous);
            }
            key => *is_sparse |= key.starts_with(b"GNU.sparse."),
        }
        Ok(())
    }
}

/// The last value counts.
fn replace<T: PartialEq>(field: &mut Option<T>, value: T, key: &'static str, ambiguous: &mut Vec<&'static str>) {
    if field.as_ref().is_some_and(|known| *known != value) {
        ambiguous.push(key);
    }
    *field = Some(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_replace_fields() {
        let records = Records::read(b"12 path=a/b\n16 mtime=1.5e10\n11 size=42\n").unwrap();
        let expected = Replaced { name: Some(b"a/b".to_vec()), size: Some(42), ..Replaced::default() };
        assert_eq!((records.replaced, records.ambiguous), (expected, vec![]));
        let twice = Records::read(b"10 path=a\n10 path=b\n10 path=b\n").unwrap();
        assert_eq!((twice.replaced.name.as_deref(), twice.ambiguous), (Some(&b"b"[..]), vec!["path"]));
        assert!(Records::read(b"22 GNU.sparse.major=1\n").unwrap().replaced.is_sparse);
        assert_eq!(Records::read(b"").unwrap(), Records::default());
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for bytes in [
            &b"x"[..],
            b"12 path=a/b",
            b"13 path=a/b\n",
            b"11 path=a/b\n",
            b"3 \n",
            b"0 path=a\n",
            b"99999999999999999999999 path=a\n",
            b"-1 path=a\n",
            b"9 patha\n\n",
            b"12 size=-42\n",
            b"32 size=9999999999999999999999\n",
        ] {
            assert!(Records::read(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
