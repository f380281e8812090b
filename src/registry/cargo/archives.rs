//! Lists the crate files of some versions, and works out where a registry serves them
//! (<https://doc.rust-lang.org/cargo/reference/registry-index.html#index-configuration>).

use url::Url;

use super::index::{Index, Indexed, path};
use crate::{
    http::{Client, Request},
    model::{Ecosystem, Package},
    registry::{
        Archive, Listing, RegistryError,
        archives::place,
        document::{self, MAX_TEXT, document_error},
        endpoint::endpoint,
        exchange::ask,
    },
    strict_json::Fields,
};

/// The URL of a crate file below `files`, the base of the static files of crates.io.
pub(super) fn static_file(files: &Url, package: &Package, version: &str) -> Url {
    endpoint(files, &["crates", package.name(), version, "download"])
}

/// The downloads of a registry, as the `config.json` of its index has them.
pub(super) struct Downloads {
    index: Url,
    template: String,
}

impl Downloads {
    /// Reads it.
    pub(super) async fn of(http: &Client, index: &Url) -> Result<Self, RegistryError> {
        let what = "the config.json of the index";
        let request = Request::get(endpoint(index, &["config.json"])).accept("application/json");
        let response = ask(Ecosystem::CARGO, http, request, what).await?;
        let fields: Fields<'_> = document::read(Ecosystem::CARGO, what, &response.body)?;
        let template = fields.get::<String>("dl", MAX_TEXT).and_then(|dl| dl.ok_or_else(|| "dl is missing".to_owned()));
        let template = template.map_err(|why| document_error(Ecosystem::CARGO, what, why))?;
        Ok(Self { index: index.clone(), template })
    }

    /// The URL of a crate file.
    pub(super) fn place(&self, http: &Client, package: &Package, indexed: &Indexed) -> Result<Url, String> {
        place(&self.filled(package, indexed), &self.index, &[], http)
    }

    /// The template with its markers replaced; without any, the usual path follows it.
    fn filled(&self, package: &Package, indexed: &Indexed) -> String {
        let lower = path(package.name());
        let lower = lower[..lower.len().saturating_sub(1)].join("/");
        let markers = [
            ("{crate}", package.name()),
            ("{version}", &indexed.version),
            ("{prefix}", &prefix(package.name())),
            ("{lowerprefix}", &lower),
            ("{sha256-checksum}", indexed.sha256.as_deref().unwrap_or_default()),
        ];
        if markers.iter().any(|(marker, _)| self.template.contains(marker)) {
            return markers.iter().fold(self.template.clone(), |text, (marker, value)| text.replace(marker, value));
        }
        format!("{}/{}/{}/download", self.template, package.name(), indexed.version)
    }
}

/// The folders of a crate as [`path`] has them, with the capitals of its name.
fn prefix(name: &str) -> String {
    match name.len() {
        0..=2 => name.len().to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

/// The crate file of a version.
pub(super) fn listing(
    index: &Index,
    package: &Package,
    version: &str,
    place: impl FnOnce(&Indexed) -> Result<Url, String>,
) -> Listing {
    let Some(indexed) = index.versions.iter().find(|indexed| indexed.version == version) else {
        return Listing::Missing("the index does not have this version".to_owned());
    };
    Listing::Files(vec![Archive {
        place: place(indexed),
        file: indexed.file(package),
        evidence: None,
        manifest: Some(indexed.manifest.clone()),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(package: &Package) -> Indexed {
        let line = r#"{"name":"Foo-rs","vers":"1.0.0","deps":[],"cksum":"CK","features":{},"yanked":false}"#;
        let mut index = Index::read(line.replace("CK", &"ab".repeat(32)).as_bytes(), package);
        index.versions.remove(0)
    }

    #[test]
    fn a_template_is_filled_as_cargo_does() {
        let package = Package::new(Ecosystem::CARGO, "Foo-rs").unwrap();
        for (template, filled) in [
            ("https://dl.example/api", "https://dl.example/api/Foo-rs/1.0.0/download"),
            ("https://dl.example/{crate}-{version}.crate", "https://dl.example/Foo-rs-1.0.0.crate"),
            ("{prefix}/{lowerprefix}/{sha256-checksum}", &format!("Fo/o-/fo/o-/{}", "ab".repeat(32))),
        ] {
            let downloads =
                Downloads { index: "https://index.example/".parse().unwrap(), template: template.to_owned() };
            assert_eq!(downloads.filled(&package, &indexed(&package)), filled, "{template}");
        }
        assert_eq!(["a", "ab", "aBc", "abCd"].map(prefix), ["1", "2", "3/a", "ab/Cd"]);
    }

    #[test]
    fn a_static_file_stays_below_its_base() {
        let package = Package::new(Ecosystem::CARGO, "foo").unwrap();
        let url = static_file(&"https://static.example/".parse().unwrap(), &package, "1.0.0+x/../y");
        assert_eq!(url.as_str(), "https://static.example/crates/foo/1.0.0+x%2F..%2Fy/download");
    }
}
