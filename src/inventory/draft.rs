//! The entries of a file while it is read: their places follow when all dependencies are known.

use std::collections::HashMap;

use super::{
    ImportError,
    graph::{Graph, Reached},
    listed::{Entry, Listed},
    source::Source,
};
use crate::model::DependencyScope;

/// Most entries of a file; large projects have some thousand.
const MAX_ENTRIES: usize = 100_000;
/// Most dependencies between them, those to nowhere included.
const MAX_DEPENDENCIES: usize = 1_000_000;

/// What was read of a file so far.
pub(super) struct Draft<'a> {
    source: &'a Source<'a>,
    /// `None`: an entry that cannot be taken, and through which the project may depend on others.
    nodes: Vec<Option<Entry>>,
    graph: Graph,
    /// How many dependencies were read.
    dependencies: usize,
    /// The entries that cannot be taken.
    pub listed: Listed,
}

impl<'a> Draft<'a> {
    /// Of a file of which nothing was read.
    pub fn of(source: &'a Source<'a>) -> Self {
        Self { source, nodes: Vec::new(), graph: Graph::default(), dependencies: 0, listed: Listed::default() }
    }

    /// Adds an entry, or why it cannot be taken: what it is, and the reason. Returns its number.
    ///
    /// # Errors
    /// The file has too many.
    pub fn add(&mut self, entry: Result<Entry, (&str, String)>) -> Result<usize, ImportError> {
        if self.nodes.len() == MAX_ENTRIES {
            return Err(self.source.too_many("entries", MAX_ENTRIES));
        }
        let entry = entry.map_err(|(what, why)| self.listed.skip(what, why)).ok();
        self.nodes.push(entry);
        Ok(self.nodes.len() - 1)
    }

    /// An entry that was added.
    pub fn entry(&mut self, number: usize) -> Option<&mut Entry> {
        self.nodes.get_mut(number)?.as_mut()
    }

    /// The project depends on an entry itself.
    ///
    /// # Errors
    /// The file has too many dependencies.
    pub fn root(&mut self, to: usize, scope: DependencyScope) -> Result<(), ImportError> {
        self.graph.root(to, scope);
        self.count()
    }

    /// An entry depends on another one.
    ///
    /// # Errors
    /// The file has too many dependencies.
    pub fn edge(&mut self, from: usize, to: usize, scope: DependencyScope) -> Result<(), ImportError> {
        self.graph.edge(from, to, scope);
        self.count()
    }

    /// Counts a dependency that was read, wherever it leads.
    ///
    /// # Errors
    /// The file has too many.
    pub fn count(&mut self) -> Result<(), ImportError> {
        self.dependencies += 1;
        let is_too_long = self.dependencies > MAX_DEPENDENCIES;
        if is_too_long { Err(self.source.too_many("dependencies", MAX_DEPENDENCIES)) } else { Ok(()) }
    }

    /// Whether a dependency of a dependency is known.
    pub fn has_levels(&self) -> bool {
        self.graph.has_levels()
    }

    /// The content of the file, without the places of its entries.
    pub fn flat(self) -> Listed {
        let mut listed = self.listed;
        listed.entries = self.nodes.into_iter().flatten().collect();
        listed
    }

    /// The content of the file.
    pub fn finish(self) -> Listed {
        let Self { nodes, graph, mut listed, .. } = self;
        let places = graph.places(nodes.len());
        let release = |at: usize| nodes[at].as_ref().and_then(|entry| Some(entry.package.at(entry.version.as_ref()?)));
        // Many entries share the same first step.
        let mut firsts = HashMap::new();
        let entries = nodes.iter().zip(&places).filter_map(|(node, place)| {
            let mut entry = node.clone()?;
            if let Some(Reached { scope, depth, first }) = *place {
                entry.place.depth = Some(depth);
                if entry.place.scope == DependencyScope::Unknown {
                    entry.place.scope = scope;
                }
                if depth > 1 {
                    entry.place.through.clone_from(firsts.entry(first).or_insert_with(|| release(first)));
                }
            }
            Some(entry)
        });
        listed.entries = entries.collect();
        listed
    }
}
