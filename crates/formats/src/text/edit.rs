//! Editing the lines of a component.

use super::content::ContentLine;
use super::line::Line;
use super::tree::{Component, Node};

impl Component {
    /// The lines of this component, for editing each with [`Line::set_content`].
    pub fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.nodes.iter_mut().filter_map(Node::as_line_mut)
    }

    /// Adds a line: after the last line of the same name, else after the last line before the first inner component
    /// (RFC 5545 section 3.6: properties come before inner components).
    pub fn add(&mut self, content: ContentLine) {
        let same = self.nodes.iter().rposition(|node| node.as_line().is_some_and(|line| line.is(content.name())));
        let at = match same {
            Some(at) => at + 1,
            None => {
                let before = self.nodes.iter().position(|node| node.as_component().is_some()).unwrap_or(self.nodes.len());
                let lines = self.nodes.get(..before).unwrap_or_default();
                lines.iter().rposition(|node| node.as_line().is_some_and(|line| !line.name().is_empty())).map_or(0, |last| last + 1)
            }
        };
        self.nodes.insert(at.min(self.nodes.len()), Node::Line(Line::authored(content)));
    }

    /// Inserts a line before the node at `at` (see [`nodes`](Self::nodes)); behind the last node when `at` is larger.
    pub fn insert(&mut self, at: usize, content: ContentLine) {
        let at = at.min(self.nodes.len());
        self.nodes.insert(at, Node::Line(Line::authored(content)));
    }

    /// Appends an inner component.
    pub fn push(&mut self, component: Component) {
        self.nodes.push(Node::Component(component));
    }

    /// Makes `content` the only line of that name, in the place of the first one. An equal line keeps its bytes.
    ///
    /// Returns whether anything changed.
    pub fn set(&mut self, name: &str, content: ContentLine) -> bool {
        self.set_all(name, vec![content])
    }

    /// Makes `contents` the lines of that name. Lines that are equal keep their bytes and their place; a changed list
    /// takes the places of the old lines in order, and what is too many is removed or added behind them.
    ///
    /// Returns whether anything changed.
    pub fn set_all(&mut self, name: &str, contents: Vec<ContentLine>) -> bool {
        let mut wanted: Vec<Option<ContentLine>> = contents.into_iter().map(Some).collect();
        // First the lines that stay as they are, wherever they stand.
        let mut keep = Vec::new();
        for line in self.lines_named(name) {
            let content = line.content();
            let found = wanted.iter_mut().find(|want| want.is_some() && **want == content);
            keep.push(found.map(Option::take).is_some());
        }
        let mut left = wanted.into_iter().flatten();
        let mut keep = keep.into_iter();
        let mut changed = false;
        self.nodes.retain_mut(|node| {
            let Some(line) = node.as_line_mut().filter(|line| line.is(name)) else {
                return true;
            };
            if keep.next() == Some(true) {
                return true;
            }
            changed = true;
            match left.next() {
                Some(content) => {
                    *line = Line::authored(content);
                    true
                }
                None => false,
            }
        });
        for content in left {
            changed = true;
            self.add(content);
        }
        changed
    }

    /// Removes the lines that `gone` says yes to. Returns how many.
    pub fn remove_where(&mut self, mut gone: impl FnMut(&Line) -> bool) -> usize {
        let before = self.nodes.len();
        self.nodes.retain(|node| node.as_line().is_none_or(|line| !gone(line)));
        before - self.nodes.len()
    }

    /// Removes all lines of that name. Returns how many.
    pub fn remove(&mut self, name: &str) -> usize {
        self.remove_where(|line| line.is(name))
    }
}
