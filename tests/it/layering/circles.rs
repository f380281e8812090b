//! Finds circular references between the files of a folder in their syntax trees.
//!
//! A file names another when it uses what that one defines, through whatever `pub use` it came; a `pub use` by itself
//! names nothing. Of methods those count whose type has its `impl` in several files of the room, called on `self`, on
//! the type, or on something that is called as the type is (`store` for `Store`).

mod house;
mod unit;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use house::House;
pub use unit::Unit;

/// The circles of each room that has any, one for each knot of files; by room. A file is named by its path below `src`.
pub fn of<'a>(units: impl IntoIterator<Item = &'a Unit>) -> BTreeMap<String, Vec<String>> {
    let house = House::of(units.into_iter().collect());
    let split = house.split_types();
    let mut rooms: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (at, unit) in house.units.iter().enumerate() {
        rooms.entry(unit.room()).or_default().insert(at);
    }
    let edges: Vec<BTreeMap<usize, String>> = (0..house.units.len()).map(|at| house.edges(at, &split)).collect();
    let circles = |room: &BTreeSet<usize>| -> Vec<String> {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut found = Vec::new();
        for start in room {
            if !seen.contains(start)
                && let Some(circle) = circle(*start, room, &edges)
            {
                seen.extend(&circle);
                found.push(told(&circle, &house, &edges));
            }
        }
        found
    };
    let found = rooms.into_iter().map(|(room, units)| (room.to_owned(), circles(&units)));
    found.filter(|(_, circles)| !circles.is_empty()).collect()
}

/// The shortest way from a file to itself inside its room.
fn circle(start: usize, room: &BTreeSet<usize>, edges: &[BTreeMap<usize, String>]) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(at) = waiting.pop_front() {
        for next in edges[at].keys().filter(|next| room.contains(next)) {
            if *next == start {
                let mut way: Vec<usize> = std::iter::successors(Some(at), |at| came_from.get(at).copied()).collect();
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, at);
                waiting.push_back(*next);
            }
        }
    }
    None
}

/// A circle for people: each file with what it names of the next.
fn told(circle: &[usize], house: &House<'_>, edges: &[BTreeMap<usize, String>]) -> String {
    let next = circle.iter().cycle().skip(1);
    let step = |(at, next): (&usize, &usize)| format!("{} ({})", house.units[*at].path, edges[*at][next]);
    let steps: Vec<String> = circle.iter().zip(next).map(step).collect();
    format!("{} → {}", steps.join(" → "), house.units[circle[0]].path)
}
