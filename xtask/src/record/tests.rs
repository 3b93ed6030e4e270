//! What a recording is told.

use super::*;

#[test]
fn an_account_is_recorded_only_with_all_that_it_takes() {
    let workspace = Workspace::load().unwrap();
    let args = |name: &str, variable: &str, replace: &[&str]| Args {
        connector: "dav".to_owned(),
        server: Which::All,
        case: None,
        url: Some("https://dav.example.org/".to_owned()),
        account: None,
        config: PathBuf::from("pimkit.toml"),
        user: Some("alice".to_owned()),
        password_env: Some(variable.to_owned()),
        name: Some(name.to_owned()),
        from: Some("a server".to_owned()),
        replace: replace.iter().map(|pair| (*pair).to_owned()).collect(),
    };
    for (args, expected) in [
        (args("two-words", "PATH", &[]), "--name"),
        (args("name", "PIMKIT_NO_SUCH_VARIABLE", &[]), "PIMKIT_NO_SUCH_VARIABLE is not set"),
        (args("name", "PATH", &["Alice"]), "TEXT=OTHER"),
        (Args { user: None, ..args("name", "PATH", &[]) }, "--user"),
        (Args { url: None, case: Some("no-such".to_owned()), ..args("name", "PATH", &[]) }, "no such case; there are: discovery"),
        (
            Args { connector: "graph".to_owned(), url: None, case: Some("no-such".to_owned()), ..args("name", "PATH", &[]) },
            "there are: batch-throttled",
        ),
    ] {
        let Err(Failures(lines)) = args.run(&workspace) else { panic!("{expected}") };
        assert!(lines.len() == 1 && lines[0].contains(expected), "{lines:?}");
    }
}
