//! Nothing in the project names a folder of the machine that somebody worked on.

use super::TextFile;

/// Folders of a Unix machine below which people keep their checkouts.
const PLACES: &[&str] = &["work", "root", "home"];

/// Files that name such a folder as data: path, and why.
const EXEMPT: &[(&str, &str)] = &[];

/// One line for every mention.
pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    let mut failures = Vec::new();
    for file in files.iter().filter(|f| !EXEMPT.iter().any(|(path, _)| f.path == *path)) {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(place) = mentioned(line) {
                failures.push(format!("{}:{number}: names {place}, a folder of one machine", file.path));
            }
        }
    }
    failures
}

/// The first absolute path into one of the places, or a path out of the checkout into the material beside it.
fn mentioned(line: &str) -> Option<String> {
    let beside = concat!("../", "shared");
    if line.contains(beside) {
        return Some(beside.to_owned());
    }
    PLACES.iter().map(|place| format!("/{place}/")).find(|path| line.match_indices(path.as_str()).any(|(at, _)| starts_a_path(line, at)))
}

/// Whether the `/` at this byte begins an absolute path: not the middle of a URL, of a relative path or of prose like
/// "home/work/other". A `file://` URL does begin one.
fn starts_a_path(line: &str, at: usize) -> bool {
    let Some(before) = line.get(..at) else { return false };
    match before.chars().next_back() {
        None => true,
        Some('/') => before.ends_with("file://"),
        Some(c) => !(c.is_alphanumeric() || "._-~%*?}>".contains(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn an_absolute_path_into_a_home_is_found() {
        for place in PLACES {
            for (line, found) in [
                (format!("/{place}/x"), true),
                (format!("path = \"/{place}/me/x\""), true),
                (format!("see `/{place}/x`"), true),
                (format!("file:///{place}/x"), true),
                (format!("https://dav.example.org/{place}/"), false),
                (format!("a/{place}/b"), false),
                (format!("<href>/{place}/</href>"), false),
                (format!("TEL;TYPE={place}/{place}/fax"), false),
                (format!("/{place}"), false),
            ] {
                assert_eq!(mentioned(&line).is_some(), found, "{line}");
            }
        }
    }

    #[test]
    fn a_mention_is_told_with_its_line() {
        let text = format!("one\ntwo {}{}\n", "../", "shared/x");
        let failures = check(&[file("README.md", &text)]);
        assert_eq!(failures.len(), 1);
        assert!(failures.first().unwrap().starts_with("README.md:2: names "));
    }
}
