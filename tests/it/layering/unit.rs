//! The definitions, imports and references of one source file.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A name as it is written somewhere.
pub struct Mention {
    pub path: Vec<String>,
    pub line: usize,
    /// The type whose `impl` it stands in.
    pub inside: Option<String>,
}

/// A method that is called on something with a name.
pub struct Call {
    pub receiver: String,
    pub method: String,
    pub line: usize,
    pub inside: Option<String>,
}

pub struct Use {
    pub path: Vec<String>,
    pub alias: String,
    pub public: bool,
    pub line: usize,
}

/// One file: what it defines and what it names.
#[derive(Default)]
pub struct Unit {
    pub path: String,
    pub module: Vec<String>,
    pub items: BTreeSet<String>,
    pub children: BTreeSet<String>,
    pub uses: Vec<Use>,
    pub mentions: Vec<Mention>,
    pub calls: Vec<Call>,
    /// Every word outside of `use`.
    pub words: BTreeSet<String>,
    /// The methods of inherent `impl`s by type.
    pub methods: BTreeMap<String, BTreeSet<String>>,
    inside: Option<String>,
}

impl Unit {
    pub fn read(path: &str, tree: &syn::File) -> Self {
        let stem = path.trim_end_matches(".rs");
        let module = stem.strip_suffix("/mod").unwrap_or(stem).split('/').map(str::to_owned).collect();
        let mut unit = Self { path: path.to_owned(), module, ..Self::default() };
        tree.items.iter().for_each(|item| unit.define(item));
        unit.visit_file(tree);
        unit
    }

    pub fn room(&self) -> &str {
        &self.module[0]
    }

    fn define(&mut self, item: &syn::Item) {
        let name = match item {
            syn::Item::Const(item) => &item.ident,
            syn::Item::Enum(item) => &item.ident,
            syn::Item::Fn(item) => &item.sig.ident,
            syn::Item::Static(item) => &item.ident,
            syn::Item::Struct(item) => &item.ident,
            syn::Item::Trait(item) => &item.ident,
            syn::Item::Type(item) => &item.ident,
            syn::Item::Macro(syn::ItemMacro { ident: Some(name), .. }) => name,
            syn::Item::Mod(item) if item.content.is_none() => {
                self.children.insert(item.ident.to_string());
                return;
            }
            // A macro may define whatever it is given a name for.
            syn::Item::Macro(item) => return capitalised(item.mac.tokens.clone(), &mut self.items),
            _ => return,
        };
        self.items.insert(name.to_string());
    }

    fn mention(&mut self, idents: &[Ident]) {
        self.words.extend(idents.iter().map(ToString::to_string));
        if let [first, _, ..] = idents {
            let path = idents.iter().map(ToString::to_string).collect();
            self.mentions.push(Mention { path, line: first.span().start().line, inside: self.inside.clone() });
        }
    }

    fn call(&mut self, receiver: &Ident, method: &Ident) {
        self.calls.push(Call {
            receiver: receiver.to_string(),
            method: method.to_string(),
            line: method.span().start().line,
            inside: self.inside.clone(),
        });
    }

    /// The paths and calls among the tokens of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is =
            |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == mark);
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let mut path = vec![first.clone()];
                    while let (true, true, Some(TokenTree::Ident(next))) =
                        (is(at + 1, ':'), is(at + 2, ':'), tokens.get(at + 3))
                    {
                        path.push(next.clone());
                        at += 3;
                    }
                    if let (true, Some(TokenTree::Ident(method)), Some(TokenTree::Group(_))) =
                        (is(at + 1, '.'), tokens.get(at + 2), tokens.get(at + 3))
                    {
                        self.call(&path[path.len() - 1], method);
                    }
                    self.mention(&path);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    fn import(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree, public: bool) {
        let mut add = |prefix: &[String], name: &Ident, alias: &Ident| {
            let mut path = prefix.to_vec();
            if name != "self" {
                path.push(name.to_string());
            }
            let alias = if alias == "self" { path.last().cloned().unwrap_or_default() } else { alias.to_string() };
            self.uses.push(Use { path, alias, public, line: name.span().start().line });
        };
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(prefix, &path.tree, public);
                prefix.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.import(prefix, item, public)),
            syn::UseTree::Name(name) => add(prefix, &name.ident, &name.ident),
            syn::UseTree::Rename(rename) => add(prefix, &rename.ident, &rename.rename),
            syn::UseTree::Glob(star) => {
                let line = star.star_token.spans[0].start().line;
                self.uses.push(Use { path: prefix.clone(), alias: "*".to_owned(), public, line });
            }
        }
    }
}

fn capitalised(tokens: TokenStream, into: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => capitalised(group.stream(), into),
            TokenTree::Ident(name) if name.to_string().starts_with(|first: char| first.is_ascii_uppercase()) => {
                into.insert(name.to_string());
            }
            _ => {}
        }
    }
}

/// The last name of what a method is called on: `store` of `self.store` and of `context.store()`.
fn called_on(receiver: &syn::Expr) -> Option<&Ident> {
    match receiver {
        syn::Expr::Path(path) => path.path.get_ident(),
        syn::Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name),
            syn::Member::Unnamed(_) => None,
        },
        syn::Expr::MethodCall(call) => Some(&call.method),
        syn::Expr::Reference(inner) => called_on(&inner.expr),
        syn::Expr::Paren(inner) => called_on(&inner.expr),
        _ => None,
    }
}

fn type_name(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Unit {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&mut Vec::new(), &item.tree, !matches!(item.vis, syn::Visibility::Inherited));
    }

    /// Unit tests may name what they like.
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = type_name(&item.self_ty);
        if let (None, Some(name)) = (&item.trait_, &name) {
            let methods = item.items.iter().filter_map(|item| match item {
                syn::ImplItem::Fn(item) => Some(item.sig.ident.to_string()),
                syn::ImplItem::Const(item) => Some(item.ident.to_string()),
                _ => None,
            });
            self.methods.entry(name.clone()).or_default().extend(methods);
        }
        let outer = std::mem::replace(&mut self.inside, name);
        visit::visit_item_impl(self, item);
        self.inside = outer;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let idents: Vec<Ident> = path.segments.iter().map(|segment| segment.ident.clone()).collect();
        self.mention(&idents);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let Some(receiver) = called_on(&call.receiver) {
            self.call(receiver, &call.method);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(list.tokens.clone());
    }
}
