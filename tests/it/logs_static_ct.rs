//! Tests of static CT logs: the content of tiles, and its processing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use bytes::Bytes;
use lab::{
    files::folder,
    ledger::{Api, Ledger, Misbehaviour, body},
    trusting::Trusting,
};
use provwatch::{app::App, store::AlertFilter};

const LOG: &str = "ct.acme.example";
const TILE: &str = "ct.example/tile/data/000.p/100";

fn instance(kind: &str) -> String {
    format!(
        "\n[[logs.instance]]\nname = \"acme-ct\"\nkind = \"{kind}\"\nurl = \"https://ct.example/\"\n\
         origin = \"{LOG}\"\npublic_key = \"{}\"\n",
        folder("static-ct/ct.pub.pem").display()
    )
}

fn no_alerts(app: &App) {
    assert_eq!(app.store.alerts(&AlertFilter::default()).unwrap(), []);
}

fn said(app: &App) -> String {
    app.store.log(LOG).unwrap().unwrap().last_error.unwrap()
}

fn verified(app: &App) -> u64 {
    app.store.log(LOG).unwrap().unwrap().tail.unwrap().verified
}

/// The real log, to be read from its first entry.
async fn real(here: &Trusting) -> App {
    let app = here.app(&[], &[], &instance("static-ct"));
    let log = app.logs.followed_logs().remove(0);
    app.logs.start_log_at(&log, LOG, 0, false).await.unwrap();
    app
}

#[tokio::test]
async fn a_static_ct_log_that_is_read_as_tiles_is_not_understood_and_not_accused() {
    let here = Trusting::new();
    let wrong = here.app(&[], &[], &instance("tiles"));
    assert_eq!(here.minutes(&wrong, 30).await, 1);
    no_alerts(&wrong);
    let said = said(&wrong);
    assert!(said.contains("is a static CT log") && said.contains("\"static-ct\""), "{said}");
    drop(wrong);
    let right = real(&here).await;
    assert_eq!(here.minutes(&right, 1).await, 0);
    assert_eq!(verified(&right), 100);
}

#[tokio::test]
async fn a_hostile_tile_is_one_short_sentence_and_loses_nothing() {
    let tile = std::fs::read(folder("static-ct/tile/data/000.p/100")).unwrap();
    let of_type = |entry_type: u8| [&tile[..9], &[entry_type], &tile[10..]].concat();
    let hostile = [
        ("nothing", Vec::new(), "entry 0 claims more bytes than the bundle has left"),
        ("it ends early", tile[..tile.len() - 1].to_vec(), "entry 99 claims more bytes than the bundle has left"),
        ("bytes follow", [tile.as_slice(), b"x"].concat(), "1 bytes are left after the last of 100 entries"),
        ("a huge length", [&tile[..10], &[0xff; 300]].concat(), "entry 0 claims more bytes than the bundle has left"),
        ("more than any tile has", vec![0; 33 << 20], "reading tile/data/000.p/100"),
        ("another type", of_type(9), "is not understood: entry 0 is of type 9, which is not known"),
    ];
    for (what, body, sentence) in hostile {
        let here = Trusting::new();
        let app = real(&here).await;
        here.spoil(TILE, Some(Bytes::from(body)));
        assert_eq!(here.minutes(&app, 9).await, 1, "{what}");
        no_alerts(&app);
        let said = said(&app);
        assert!(said.contains(sentence) && said.len() < 400, "{what}: {said}");
        assert_eq!(verified(&app), 0, "{what}");
        here.mend();
        assert_eq!(here.minutes(&app, 1).await, 0, "{what}");
        assert_eq!(verified(&app), 100, "{what}");
    }
}

#[tokio::test]
async fn another_certificate_in_a_tile_is_noticed_by_its_hash() {
    let here = Trusting::new();
    let app = real(&here).await;
    let mut tile = std::fs::read(folder("static-ct/tile/data/000.p/100")).unwrap();
    tile[40] ^= 1;
    here.spoil(TILE, Some(Bytes::from(tile)));
    assert_eq!(here.minutes(&app, 1).await, 1);
    assert!(said(&app).contains("do not hash to the root"), "{}", said(&app));
    assert_eq!(app.store.log(LOG).unwrap().unwrap().tail.unwrap().downloaded, 0);
}

#[tokio::test]
async fn what_nothing_proves_is_not_even_asked_for() {
    let mut here = Trusting::new();
    let ledger = Ledger::new("log.example", Api::StaticCt);
    here.ledgers.push(ledger.clone());
    let app = here.app(&[], &[ledger.trusted(None)], "");
    for size in [10, 300, 600] {
        (ledger.size()..size).for_each(|number| {
            ledger.append(body(Api::StaticCt, number));
        });
        ledger.publish();
        if size == 600 {
            ledger.misbehave(Misbehaviour::DeletePartials);
        }
        assert_eq!(here.minutes(&app, 1).await, 0, "{size}");
    }
    let row = app.store.log("log.example").unwrap().unwrap();
    assert_eq!((row.tail.unwrap().verified, row.quarantined), (600, 0));
    let asked = ledger.requests();
    assert!(asked.iter().any(|path| path.starts_with("/tile/data/")), "{asked:?}");
    assert!(asked.iter().all(|path| !path.starts_with("/tile/names/") && !path.starts_with("/issuer/")), "{asked:?}");
}
