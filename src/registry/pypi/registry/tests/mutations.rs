//! Mutation tests of PyPI's documents: no release is lost.

use super::*;

/// Asserts that every listed version is described or reported as unreadable.
fn assert_complete(document: &PackageDocument) {
    for (version, _) in &document.versions {
        let described = document.releases.iter().any(|release| release.id.version() == version);
        let unreadable = document.unreadable.iter().any(|(what, _)| what == version);
        assert!(described != unreadable, "{version}: described {described}, unreadable {unreadable}");
    }
}

proptest! {
    #[test]
    fn mutated_documents_never_panic_and_never_lose_a_version(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut body = sampleproject().to_string().into_bytes();
        for (place, byte) in edits {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if cut {
            body.truncate(end.index(body.len()));
        }
        if let Ok(project) = Project::read(&body, &package()) {
            assert_complete(&registry().document(&package(), project, &Known::default()));
        }
    }

    #[test]
    fn arbitrary_versions_and_names_are_all_accounted_for(
        versions in proptest::collection::vec("[0-9a-z.!+ -]{0,8}", 0..6),
        names in proptest::collection::vec("(sampleproject-)?[0-9a-z.!+-]{0,8}(\\.whl|\\.tar\\.gz|-py3-none-any\\.whl)?", 0..6),
    ) {
        let files: Vec<_> = names.iter().map(|name| file(name, "2024-11-06T22:37:08Z", true)).collect();
        let document = read(&simple(&json!(versions), &files), &[]).unwrap();
        assert_complete(&document);
        for name in names {
            let described = document.releases.iter().any(|release| release.files.iter().any(|file| file.name == name));
            prop_assert!(described || document.unreadable.iter().any(|(what, _)| *what == name), "{name}");
        }
    }
}
