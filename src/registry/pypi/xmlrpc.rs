//! Parses XML-RPC (<http://xmlrpc.com/spec.md>, with the common `nil` and `i8` extensions), as far as the changelog
//! needs it.

use crate::registry::xml::{Token, Tokens, XmlError};

/// The answer to a changelog call nests 11 elements deep.
const MAX_DEPTH: usize = 24;

/// A full page has 50,000 rows of five values.
const MAX_VALUES: usize = 400_000;

/// A value. Numbers keep their text, so that one bad number spoils only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `nil`, and every type that the changelog does not use.
    Nil,
    /// A string.
    Text(String),
    /// An integer, not yet read.
    Number(String),
    /// An array.
    Array(Vec<Self>),
    /// A structure, in document order.
    Struct(Vec<(String, Self)>),
}

impl Value {
    /// The number, if it is a readable one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// The answer of a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RpcAnswer {
    /// The result.
    Value(Value),
    /// A refusal.
    Fault {
        /// The server's number for it.
        code: Option<i64>,
        /// The server's own words.
        text: String,
    },
}

/// The body of a call with at most one number as parameter.
pub(super) fn call(method: &str, number: Option<u64>) -> String {
    let parameter = number.map(|n| format!("<param><value><int>{n}</int></value></param>")).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>{parameter}</params></methodCall>"
    )
}

/// Reads an answer.
pub(super) fn answer(body: &[u8]) -> Result<RpcAnswer, XmlError> {
    let mut reader = Values { tokens: Tokens::new(body, MAX_DEPTH)?, count: 0 };
    reader.tokens.expect("methodResponse")?;
    match reader.tokens.child()?.as_deref() {
        Some("params") => {
            reader.tokens.expect("param")?;
            reader.tokens.expect("value")?;
            let value = reader.value()?;
            reader.close(&["param", "params", "methodResponse"])?;
            Ok(RpcAnswer::Value(value))
        }
        Some("fault") => {
            reader.tokens.expect("value")?;
            let fault = reader.value()?;
            let code = fault.member("faultCode").and_then(Value::number);
            let text = fault.member("faultString").and_then(Value::text).unwrap_or("no reason given").to_owned();
            Ok(RpcAnswer::Fault { code, text })
        }
        found => Err(XmlError::Unexpected { found: format!("{found:.40?}"), expected: "params or fault" }),
    }
}

struct Values<'a> {
    tokens: Tokens<'a>,
    count: usize,
}

impl Values<'_> {
    /// The rest of an open `value` element: a typed child, or bare text, which is a string.
    fn value(&mut self) -> Result<Value, XmlError> {
        self.count += 1;
        if self.count > MAX_VALUES {
            return Err(XmlError::TooMany(MAX_VALUES));
        }
        let mut bare = String::new();
        loop {
            match self.tokens.next()? {
                Token::Text(piece) => bare.push_str(&piece),
                Token::Close => return Ok(Value::Text(bare)),
                Token::Open(kind) => {
                    let value = self.typed(&kind)?;
                    self.close(&["value"])?;
                    return Ok(value);
                }
            }
        }
    }

    fn typed(&mut self, kind: &str) -> Result<Value, XmlError> {
        match kind {
            "string" => self.tokens.text().map(Value::Text),
            "int" | "i4" | "i8" => self.tokens.text().map(Value::Number),
            "array" => self.array(),
            "struct" => self.structure(),
            _ => self.tokens.skip().map(|()| Value::Nil),
        }
    }

    fn array(&mut self) -> Result<Value, XmlError> {
        self.tokens.expect("data")?;
        let mut items = Vec::new();
        while let Some(name) = self.tokens.child()? {
            if name == "value" { items.push(self.value()?) } else { self.tokens.skip()? }
        }
        self.close(&["array"])?;
        Ok(Value::Array(items))
    }

    fn structure(&mut self) -> Result<Value, XmlError> {
        let mut members = Vec::new();
        while self.tokens.child()?.is_some() {
            self.tokens.expect("name")?;
            let name = self.tokens.text()?;
            self.tokens.expect("value")?;
            members.push((name, self.value()?));
            self.close(&["member"])?;
        }
        Ok(Value::Struct(members))
    }

    /// Closes elements, innermost first, which must have no further content.
    fn close(&mut self, names: &[&'static str]) -> Result<(), XmlError> {
        for name in names {
            if self.tokens.child()?.is_some() {
                return Err(XmlError::Unexpected { found: "one element more".to_owned(), expected: name });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(value: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}\n</param>\n</params>\n</methodResponse>\n"
        )
    }

    #[test]
    fn values_of_every_kind_are_read() {
        let cases = [
            ("<value><int>7</int></value>", Value::Number("7".to_owned())),
            ("<value><i8>99999999999</i8></value>", Value::Number("99999999999".to_owned())),
            ("<value><string>a &amp; b</string></value>", Value::Text("a & b".to_owned())),
            ("<value>bare</value>", Value::Text("bare".to_owned())),
            ("<value><nil/></value>", Value::Nil),
            ("<value><double>1.5</double></value>", Value::Nil),
            (
                "<value><array><data>\n<value><int>1</int></value>\n<value><nil/></value></data></array></value>",
                Value::Array(vec![Value::Number("1".to_owned()), Value::Nil]),
            ),
        ];
        for (xml, expected) in cases {
            assert_eq!(answer(response(xml).as_bytes()).unwrap(), RpcAnswer::Value(expected), "{xml}");
        }
    }

    #[test]
    fn faults_are_told_apart_from_results() {
        let fault = "<methodResponse><fault><value><struct>\
            <member><name>faultCode</name><value><int>-32500</int></value></member>\
            <member><name>faultString</name><value><string>HTTPTooManyRequests: slow down</string></value></member>\
            </struct></value></fault></methodResponse>";
        let expected = RpcAnswer::Fault { code: Some(-32500), text: "HTTPTooManyRequests: slow down".to_owned() };
        assert_eq!(answer(fault.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_answer_is_refused_by_reason() {
        let deep = response(&format!("{}{}", "<value><array><data>".repeat(50), "</data></array></value>".repeat(50)));
        let many = response(&format!("<value><array><data>{}</data></array></value>", "<value/>".repeat(MAX_VALUES)));
        let whole = response("<value><int>7</int></value>");
        let cases = [
            ("<html><body>maintenance</body></html>", "methodResponse"),
            ("<methodResponse><params/></methodResponse>", "param"),
            ("<methodResponse/>", "params or fault"),
            (&whole[..whole.find("</params>").unwrap()], "truncated"),
            (&deep, "nested deeper"),
            (&many, "more than 400000"),
            ("<!DOCTYPE x><methodResponse/>", "document type"),
        ];
        for (body, why) in cases {
            let error = answer(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{body:.60}: {error}");
        }
    }
}
