//! The graph of a project's dependencies: what each is needed for, how far away it is, and through what.
//!
//! For each scope, from the most important one on, a breadth-first walk goes from the project along what is needed at least
//! as much. The first walk that reaches a dependency decides its scope; its path there is a shortest one. Every walk sees
//! each dependency once, so that circles end.

use std::collections::VecDeque;

use crate::model::DependencyScope;

/// The dependencies between the entries of a file, which are numbered.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The project's own dependencies.
    roots: Vec<(usize, DependencyScope)>,
    /// From, to, and what the one needs the other for.
    edges: Vec<(usize, usize, DependencyScope)>,
}

/// The place of a dependency that the project leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// What it is needed for.
    pub scope: DependencyScope,
    /// The steps to it; 1 is the project's own dependency.
    pub depth: u32,
    /// The project's own dependency at the beginning of the path.
    pub first: usize,
}

impl Graph {
    /// The project depends on it itself.
    pub fn root(&mut self, to: usize, scope: DependencyScope) {
        self.roots.push((to, scope));
    }

    /// A dependency depends on another one.
    pub fn edge(&mut self, from: usize, to: usize, scope: DependencyScope) {
        self.edges.push((from, to, scope));
    }

    /// Whether a dependency of a dependency is known. Without any, the list may be flat.
    pub fn has_levels(&self) -> bool {
        !self.edges.is_empty()
    }

    /// The place of each of so many entries; `None`: nothing leads to it.
    pub fn places(mut self, entries: usize) -> Vec<Option<Reached>> {
        self.edges.sort_unstable();
        self.edges.dedup();
        self.roots.sort_unstable();
        let mut places = vec![None; entries];
        for scope in self.scopes() {
            for (at, reached) in self.walk(scope, entries).into_iter().enumerate() {
                places[at] = places[at].or(reached);
            }
        }
        places
    }

    /// The scopes of its dependencies, the most important first.
    fn scopes(&self) -> Vec<DependencyScope> {
        let all = || self.roots.iter().map(|root| root.1).chain(self.edges.iter().map(|edge| edge.2));
        DependencyScope::ALL.iter().copied().filter(|scope| all().any(|one| one == *scope)).collect()
    }

    /// What the project reaches along dependencies of at least this importance.
    fn walk(&self, scope: DependencyScope, entries: usize) -> Vec<Option<Reached>> {
        let mut places: Vec<Option<Reached>> = vec![None; entries];
        let own = self.roots.iter().filter(|root| root.1 <= scope);
        let mut queue: VecDeque<(usize, Reached)> =
            own.map(|(to, _)| (*to, Reached { scope, depth: 1, first: *to })).collect();
        while let Some((at, reached)) = queue.pop_front() {
            let Some(place @ None) = places.get_mut(at) else { continue };
            *place = Some(reached);
            let next = Reached { depth: reached.depth.saturating_add(1), ..reached };
            queue.extend(self.edges_of(at).iter().filter(|edge| edge.2 <= scope).map(|edge| (edge.1, next)));
        }
        places
    }

    /// The sorted edges from an entry.
    fn edges_of(&self, from: usize) -> &[(usize, usize, DependencyScope)] {
        let start = self.edges.partition_point(|edge| edge.0 < from);
        let end = start + self.edges[start..].partition_point(|edge| edge.0 == from);
        &self.edges[start..end]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use DependencyScope::{Dev, Optional, Required, Unknown};

    fn graph(roots: &[(usize, DependencyScope)], edges: &[(usize, usize, DependencyScope)]) -> Graph {
        Graph { roots: roots.to_vec(), edges: edges.to_vec() }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the places are")]
    fn reached(scope: DependencyScope, depth: u32, first: usize) -> Option<Reached> {
        Some(Reached { scope, depth, first })
    }

    #[test]
    fn the_nearest_of_the_most_important_paths_counts() {
        // 0 needs 1, 1 needs 2; developers need 2 and 3; 2 may have 4; nothing leads to 5.
        let edges = [(0, 1, Required), (1, 2, Required), (2, 4, Optional), (3, 4, Required), (3, 1, Required)];
        let places = graph(&[(0, Required), (2, Dev), (3, Dev)], &edges).places(6);
        let expected = [
            reached(Required, 1, 0),
            reached(Required, 2, 0),
            reached(Required, 3, 0),
            reached(Dev, 1, 3),
            reached(Optional, 4, 0),
            None,
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn circles_and_edges_to_nowhere_end() {
        let places =
            graph(&[(0, Unknown), (9, Unknown)], &[(0, 1, Unknown), (1, 0, Unknown), (1, 1, Unknown), (1, 7, Unknown)])
                .places(2);
        assert_eq!(places, [reached(Unknown, 1, 0), reached(Unknown, 2, 0)]);
        assert_eq!(Graph::default().places(2), [None, None]);
    }

    #[test]
    fn of_two_equal_paths_the_first_counts_whatever_the_order() {
        let edges = [(1, 2, Required), (0, 2, Required)];
        let (one, other) =
            (graph(&[(1, Required), (0, Required)], &edges), graph(&[(0, Required), (1, Required)], &edges));
        assert_eq!(one.places(3), other.places(3));
    }

    proptest! {
        #[test]
        fn every_place_has_a_path(
            roots in prop::collection::vec((0..8_usize, 0..4_usize), 0..4),
            edges in prop::collection::vec((0..8_usize, 0..8_usize, 0..4_usize), 0..24),
        ) {
            let scope = |at: usize| DependencyScope::ALL[at];
            let roots: Vec<_> = roots.into_iter().map(|(to, at)| (to, scope(at))).collect();
            let edges: Vec<_> = edges.into_iter().map(|(from, to, at)| (from, to, scope(at))).collect();
            let places = graph(&roots, &edges).places(8);
            for (at, place) in places.iter().enumerate() {
                let Some(place) = place else { continue };
                let is_root = roots.iter().any(|(to, scope)| *to == at && *scope <= place.scope);
                prop_assert_eq!(place.depth == 1, is_root);
                let before = |from: usize| edges.iter().any(|edge| edge.0 == from && edge.1 == at && edge.2 <= place.scope);
                // The step before may have a more important scope, and then be farther away.
                prop_assert!(is_root || (0..8).any(|from| before(from) && places[from].is_some_and(|one| one.scope <= place.scope)));
            }
        }
    }
}
