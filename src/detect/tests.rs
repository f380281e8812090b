use super::*;
use crate::model::Baseline;

#[test]
fn it_compiles() {
    let _ = Baseline::empty("pkg:npm/a".parse().unwrap());
}
