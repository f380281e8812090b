//! Simulates PyPI: the simple index, the integrity API, project JSON, the XML-RPC changelog.

use std::{collections::BTreeMap, fmt::Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    Lab,
    keys::sha256,
    world::{Answer, Publication},
};

#[derive(Default)]
pub struct PypiWorld {
    projects: BTreeMap<String, Project>,
    provenance: BTreeMap<String, Value>,
    journal: Vec<Row>,
    /// By their names.
    contents: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Project {
    versions: Vec<String>,
    files: Vec<Value>,
    serial: u64,
    quarantined: bool,
}

struct Row {
    name: String,
    version: Option<String>,
    at: i64,
    action: String,
}

impl PypiWorld {
    pub fn publish(&mut self, lab: &Lab, name: &str, version: &str, publication: &Publication) {
        let underscored = name.replace('-', "_");
        self.upload(lab, name, version, &format!("{underscored}-{version}-py3-none-any.whl"), publication);
        self.upload(lab, name, version, &format!("{underscored}-{version}.tar.gz"), publication);
    }

    /// One file; the release appears with its first.
    pub fn upload(&mut self, lab: &Lab, name: &str, version: &str, file: &str, publication: &Publication) {
        let project = self.projects.entry(name.to_owned()).or_default();
        if !project.versions.iter().any(|known| known == version) {
            project.versions.push(version.to_owned());
            self.log(name, Some(version), publication.at, "new release");
        }
        let content = publication.content(file);
        let url = content.as_ref().map_or_else(|| format!("https://files.example/{file}"), |_| beside_the_index(file));
        let digest = hex::encode(sha256(content.as_deref().unwrap_or(file.as_bytes())));
        if let Some(content) = content {
            self.serve(file, content);
        }
        let path = format!("/integrity/{name}/{version}/{file}/provenance");
        let mut entry = json!({
            "filename": file,
            "url": url,
            "hashes": {"sha256": digest},
            "requires-python": null,
            "size": 1000,
            "upload-time": publication.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "yanked": false,
            "provenance": null,
        });
        if let Some(workflow) = publication.attesting() {
            entry["provenance"] = json!(format!("https://pypi.example{path}"));
            let object = lab.pypi_provenance(file, &digest, workflow, publication.at, publication.broken);
            self.provenance.insert(path, object);
        }
        self.projects.get_mut(name).unwrap().files.push(entry);
        self.log(name, Some(version), publication.at, &format!("add py3 file {file}"));
    }

    /// Serves this content of a file, whatever is stated of it.
    pub fn serve(&mut self, file: &str, content: Vec<u8>) {
        self.contents.insert(file.to_owned(), content);
    }

    /// Names another URL of a file.
    pub fn lead(&mut self, file: &str, url: &str) {
        let all = self.projects.values_mut().flat_map(|project| &mut project.files);
        all.filter(|listed| listed["filename"] == file).for_each(|listed| listed["url"] = json!(url));
    }

    /// A release without a file, which is announced as such.
    pub fn announce(&mut self, name: &str, version: &str, at: DateTime<Utc>) {
        self.projects.get_mut(name).unwrap().versions.push(version.to_owned());
        self.log(name, Some(version), at, "new release");
    }

    /// Removes the files of a release, which stays without any.
    pub fn empty(&mut self, name: &str, version: &str, at: DateTime<Utc>) {
        let project = self.projects.get_mut(name).unwrap();
        project.files.retain(|file| !file["filename"].as_str().unwrap().contains(&format!("-{version}")));
        self.log(name, Some(version), at, "remove file");
    }

    /// Other content under the names of a release's files.
    pub fn replace(&mut self, name: &str, version: &str, at: DateTime<Utc>) {
        for file in &mut self.projects.get_mut(name).unwrap().files {
            if file["filename"].as_str().unwrap().contains(&format!("-{version}")) {
                file["hashes"]["sha256"] = json!(hex::encode(sha256(b"another file")));
            }
        }
        self.log(name, Some(version), at, "add source file again");
    }

    /// Removes a file.
    pub fn remove_file(&mut self, name: &str, version: &str, file: &str, at: DateTime<Utc>) {
        self.projects.get_mut(name).unwrap().files.retain(|listed| listed["filename"] != file);
        self.log(name, Some(version), at, &format!("remove file {file}"));
    }

    /// States another digest of a file, or puts it there with that digest.
    pub fn restate_file(&mut self, name: &str, version: &str, file: &str, sha256: &str, at: DateTime<Utc>) {
        let project = self.projects.get_mut(name).unwrap();
        project.files.retain(|listed| listed["filename"] != file);
        project.files.push(json!({
            "filename": file,
            "url": format!("https://files.example/{file}"),
            "hashes": {"sha256": sha256},
            "requires-python": null,
            "size": 1000,
            "upload-time": at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "yanked": false,
            "provenance": null,
        }));
        self.log(name, Some(version), at, &format!("add py3 file {file}"));
    }

    /// Removes a release with its files.
    pub fn remove(&mut self, name: &str, version: &str, at: DateTime<Utc>) {
        let project = self.projects.get_mut(name).unwrap();
        project.versions.retain(|listed| listed != version);
        project.files.retain(|file| !file["filename"].as_str().unwrap().contains(&format!("-{version}")));
        self.log(name, Some(version), at, "remove release");
    }

    /// Yanks every file of a release.
    pub fn yank(&mut self, name: &str, version: &str, at: DateTime<Utc>) {
        for file in &mut self.projects.get_mut(name).unwrap().files {
            if file["filename"].as_str().unwrap().contains(&format!("-{version}")) {
                file["yanked"] = json!("it is broken");
            }
        }
        self.log(name, Some(version), at, "yank release");
    }

    /// Locks the project, which hides its files.
    pub fn quarantine(&mut self, name: &str, at: DateTime<Utc>) {
        self.projects.get_mut(name).unwrap().quarantined = true;
        self.log(name, None, at, "project quarantined");
    }

    /// Project and version of everything that is listed and has a file.
    pub fn releases(&self) -> Vec<(String, String)> {
        let there = self.projects.iter().flat_map(|(name, project)| {
            let has_file = |version: &&String| {
                let part = format!("-{version}");
                project.files.iter().any(|file| file["filename"].as_str().unwrap().contains(&part))
            };
            project.versions.iter().filter(has_file).map(|version| (name.clone(), version.clone()))
        });
        there.collect()
    }

    /// The changelog's last serial.
    pub fn last_serial(&self) -> u64 {
        self.journal.len() as u64
    }

    pub fn governance(&mut self, name: &str, action: &str, at: DateTime<Utc>) {
        self.log(name, None, at, action);
    }

    fn log(&mut self, name: &str, version: Option<&str>, at: DateTime<Utc>, action: &str) {
        self.journal.push(Row {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            at: at.timestamp(),
            action: action.to_owned(),
        });
        self.projects.entry(name.to_owned()).or_default().serial = self.journal.len() as u64;
    }

    pub fn answer(&self, path: &str, body: &[u8]) -> Answer {
        if path == "/pypi" {
            return Some(("text/xml", Vec::new(), self.xml_rpc(&String::from_utf8_lossy(body)).into_bytes()));
        }
        if let Some(object) = self.provenance.get(path) {
            return Some(("application/vnd.pypi.integrity.v1+json", Vec::new(), object.to_string().into_bytes()));
        }
        let mut parts = path.trim_matches('/').split('/');
        match (parts.next()?, parts.next()?, parts.next()) {
            ("simple", name, None) => self.simple(name),
            ("pypi", name, Some("json")) => self.json(name),
            ("packages", file, None) => {
                Some(("application/octet-stream", Vec::new(), self.contents.get(file)?.clone()))
            }
            _ => None,
        }
    }

    fn simple(&self, name: &str) -> Answer {
        let project = self.projects.get(name)?;
        let body = json!({
            "meta": {"api-version": "1.4", "_last-serial": project.serial},
            "name": name,
            "project-status": {"status": if project.quarantined { "quarantined" } else { "active" }},
            "versions": if project.quarantined { &[] } else { project.versions.as_slice() },
            "files": if project.quarantined { &[] } else { project.files.as_slice() },
        });
        let headers = vec![("x-pypi-last-serial".to_owned(), project.serial.to_string())];
        Some(("application/vnd.pypi.simple.v1+json", headers, body.to_string().into_bytes()))
    }

    fn json(&self, name: &str) -> Answer {
        let project = self.projects.get(name)?;
        let body = json!({
            "info": {
                "name": name,
                "version": project.versions.last(),
                "project_urls": {"Source": format!("https://github.com/acme/{name}")},
                "requires_dist": ["idna>=3"],
            },
            "last_serial": project.serial,
            "ownership": {"organization": null, "roles": [{"role": "Owner", "user": "ada"}]},
            "urls": [],
        });
        Some(("application/json", Vec::new(), body.to_string().into_bytes()))
    }

    fn xml_rpc(&self, call: &str) -> String {
        let value = if call.contains("changelog_last_serial") {
            format!("<int>{}</int>", self.journal.len())
        } else {
            let since: usize =
                call.split("<int>").nth(1).and_then(|rest| rest.split('<').next()?.parse().ok()).unwrap();
            let mut rows = String::new();
            for (index, row) in self.journal.iter().enumerate().skip(since) {
                let version = row.version.as_ref().map_or("<nil/>".to_owned(), |v| format!("<string>{v}</string>"));
                write!(
                    rows,
                    "<value><array><data><value><string>{}</string></value><value>{version}</value>\
                     <value><int>{}</int></value><value><string>{}</string></value><value><int>{}</int></value>\
                     </data></array></value>",
                    row.name,
                    row.at,
                    row.action,
                    index + 1
                )
                .unwrap();
            }
            format!("<array><data>{rows}</data></array>")
        };
        format!(
            "<?xml version='1.0'?>\n<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
        )
    }
}

/// The URL of a file as its project's page has it: beside the index.
fn beside_the_index(file: &str) -> String {
    format!("../../packages/{file}#sha256=00")
}
