//! Walks a JSON schema from its root, as far as `schemars` generates it for plain structs, enums of words, and tagged
//! enums. What is enforced and what is documented are read by the same steps.

use serde_json::Value;

/// Most steps from a place to what it stands for.
const MAX_STEPS: usize = 16;

/// A place in a schema.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    root: &'a Value,
    at: &'a Value,
}

/// A word that a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    pub word: &'a str,
    /// What it means, where the schema tells.
    pub meaning: Option<&'a str>,
}

/// A form of a table that one of its keys chooses.
#[derive(Clone, Copy, Debug)]
pub struct Variant<'a> {
    pub key: &'a str,
    /// What stands there.
    pub word: &'a str,
    /// The form.
    pub schema: Schema<'a>,
}

impl<'a> Schema<'a> {
    /// The whole.
    pub fn of(root: &'a Value) -> Self {
        Self { root, at: root }
    }

    fn at(self, at: &'a Value) -> Self {
        Self { at, ..self }
    }

    fn list(self, name: &str) -> impl DoubleEndedIterator<Item = Self> {
        self.at[name].as_array().map_or(&[][..], Vec::as_slice).iter().map(move |one| self.at(one))
    }

    /// What a place stands for: follows `$ref`, and the `anyOf` of what may be left out.
    #[must_use]
    pub fn resolved(mut self) -> Self {
        for _ in 0..MAX_STEPS {
            let next = match self.at["$ref"].as_str() {
                Some(path) => Some(self.at(self.root.pointer(path.trim_start_matches('#')).unwrap_or(&Value::Null))),
                None => self.forms().find(|form| form.kind() != "null"),
            };
            match next {
                Some(next) => self = next,
                None => break,
            }
        }
        self
    }

    /// Several forms of which a value has one.
    pub fn forms(self) -> impl DoubleEndedIterator<Item = Self> {
        self.list("anyOf")
    }

    /// The forms of a table among which a key chooses.
    pub fn variants(self) -> impl Iterator<Item = Variant<'a>> {
        self.list("oneOf").filter_map(|schema| {
            let mut keys = schema.properties();
            let (key, word) = keys.find_map(|(key, property)| Some((key, property.at["const"].as_str()?)))?;
            Some(Variant { key, word, schema })
        })
    }

    /// The words that a text may be; none where it may be any.
    pub fn words(self) -> Vec<Word<'a>> {
        let listed = self.at["enum"].as_array().into_iter().flatten().chain([&self.at["const"]]);
        let listed = listed.filter_map(|word| Some(Word { word: word.as_str()?, meaning: None }));
        let alternatives = self.list("oneOf").flat_map(|one| {
            let meaning = one.description();
            let words = one.at["enum"].as_array().into_iter().flatten().chain([&one.at["const"]]);
            words.filter_map(move |word| Some(Word { word: word.as_str()?, meaning }))
        });
        listed.chain(alternatives).collect()
    }

    /// The type that is wanted: `string`, `object`. A list of words has none of its own.
    pub fn kind(self) -> &'a str {
        match &self.at["type"] {
            Value::String(kind) => kind,
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
            }
            _ if self.at["oneOf"].is_array() => "object",
            _ => "anything",
        }
    }

    /// The keys of a table.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.at["properties"].as_object().into_iter().flatten().map(move |(key, value)| (key.as_str(), self.at(value)))
    }

    /// Whether it is a table with keys of its own.
    #[cfg(test)]
    pub fn has_properties(self) -> bool {
        self.at["properties"].is_object()
    }

    /// The keys that may not be left out.
    pub fn required(self) -> impl Iterator<Item = &'a str> {
        self.at["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// What stands under keys of the user's own choice, if there may be such.
    pub fn others(self) -> Option<Self> {
        let others = &self.at["additionalProperties"];
        others.is_object().then(|| self.at(others))
    }

    /// The items of a list.
    #[must_use]
    pub fn items(self) -> Self {
        self.at(&self.at["items"])
    }

    /// How many items a list has at least.
    pub fn min_items(self) -> usize {
        self.at["minItems"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0)
    }

    /// The least number, if there is one.
    pub fn minimum(self) -> Option<i64> {
        number(&self.at["minimum"])
    }

    /// The greatest number, if there is one.
    pub fn maximum(self) -> Option<i64> {
        number(&self.at["maximum"])
    }

    /// The `format` of a text.
    pub fn format(self) -> Option<&'a str> {
        self.at["format"].as_str()
    }

    /// What it is for.
    pub fn description(self) -> Option<&'a str> {
        self.at["description"].as_str()
    }

    /// A text as it may be.
    pub fn example(self) -> Option<&'a str> {
        self.at["examples"][0].as_str()
    }

    /// What counts where the key is not there, if that is a single value.
    #[cfg(test)]
    pub fn default(self) -> Option<&'a Value> {
        Some(&self.at["default"]).filter(|value| !value.is_null() && !value.is_object())
    }
}

/// A bound. `as_i64` fails for those that schemars writes as floating point.
#[expect(clippy::cast_possible_truncation, reason = "bounds are small whole numbers")]
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_stands_for_what_it_refers_to() {
        let root = json!({
            "properties": {
                "plain": {"type": "string"},
                "left out": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/twice"}]},
                "nowhere": {"$ref": "#/$defs/none"},
                "endless": {"$ref": "#/$defs/endless"},
            },
            "$defs": {
                "twice": {"$ref": "#/$defs/table"},
                "table": {"type": ["object", "null"], "properties": {"key": {"minimum": 1.0}}, "required": ["key"]},
                "endless": {"$ref": "#/$defs/endless"},
            },
        });
        let kinds: Vec<_> = Schema::of(&root).properties().map(|(key, place)| (key, place.resolved().kind())).collect();
        let kinds_of = |key| kinds.iter().find(|(other, _)| *other == key).map(|(_, kind)| *kind);
        for (key, kind) in
            [("plain", "string"), ("left out", "object"), ("nowhere", "anything"), ("endless", "anything")]
        {
            assert_eq!(kinds_of(key), Some(kind), "{key}");
        }
        let (_, table) = Schema::of(&root).properties().find(|(key, _)| *key == "left out").unwrap();
        let table = table.resolved();
        assert_eq!(table.required().collect::<Vec<_>>(), ["key"]);
        assert_eq!(table.properties().next().map(|(key, number)| (key, number.minimum())), Some(("key", Some(1))));
    }

    #[test]
    fn words_and_variants_are_told_apart() {
        let words = json!({"oneOf": [
            {"enum": ["a"]}, {"const": "b", "description": "The second."},
        ]});
        let said: Vec<_> = Schema::of(&words).words().into_iter().map(|word| (word.word, word.meaning)).collect();
        assert_eq!(said, [("a", None), ("b", Some("The second."))]);
        assert_eq!(Schema::of(&words).variants().count(), 0);
        let variants = json!({"oneOf": [
            {"properties": {"type": {"const": "email"}, "to": {}}}, {"properties": {"type": {"const": "slack"}}},
        ]});
        let said: Vec<_> = Schema::of(&variants).variants().map(|variant| (variant.key, variant.word)).collect();
        assert_eq!(said, [("type", "email"), ("type", "slack")]);
        assert!(Schema::of(&variants).words().is_empty());
    }
}
