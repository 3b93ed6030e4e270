//! Configurations, good and bad.

use super::*;

const ACCOUNTS: &str = "state = \"sync.db\"
[accounts.crm]
connector = \"local\"
path = \"crm.db\"
[accounts.home]
connector = \"vdir\"
path = \"contacts\"
";
const SYNC: &str = "[[syncs]]
name = \"people\"
kind = \"contacts\"
left = \"crm\"
right = \"home\"
";

fn parse(text: &str) -> Result<Config> {
    Config::parse(Path::new("some/where.toml"), text)
}

#[test]
fn a_good_configuration_is_read_with_its_paths_from_its_own_folder() {
    let text = format!(
        "{ACCOUNTS}address = [\"me@example.com\"]\n{SYNC}collections = [\"friends\"]\nleft_collections = [\"contacts\"]\nconflicts = \"right\"\n\
         [[syncs.fields]]\nleft = \"custom.region\"\nright = \"custom.Region\"\n[[syncs.fields]]\nleft = \"notes\"\nright = \"\"\n"
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.state().unwrap(), Path::new("some/sync.db"));
    assert_eq!(config.account("home").unwrap().path.as_deref(), Some(Path::new("some/contacts")));
    let sync = config.chosen(Some("people")).unwrap()[0];
    assert_eq!((sync.left.as_str(), sync.right.as_str()), ("crm", "home"));
    assert_eq!(sync.collections, ["friends"]);
    assert_eq!(sync.policy.conflicts, pimkit::sync::Conflicts::Right);
    assert_eq!(sync.fields.len(), 2);
    assert_eq!(sync.place, "some/where.toml:9");
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_what_to_do() {
    let with = |more: &str| format!("{ACCOUNTS}{SYNC}{more}\n");
    let cases: Vec<(String, usize, &str)> = vec![
        ("state = ".to_owned(), 1, "no TOML"),
        ("a = 1\na = 2".to_owned(), 2, "no TOML"),
        ("stat = \"x\"".to_owned(), 1, "unknown key \"stat\"; there are: state, accounts, syncs"),
        ("\nstate = 5".to_owned(), 2, "\"state\" is of type integer; it must be a text in quotes"),
        ("accounts = 5".to_owned(), 1, "must be a table"),
        ("[accounts]\ncrm = 5".to_owned(), 2, "must be a table: [accounts.crm]"),
        ("[accounts.crm]\npath = \"x\"".to_owned(), 1, "the key \"connector\" is missing in [accounts.crm]"),
        (
            "[accounts.crm]\nconnector = \"vdri\"\npath = \"x\"".to_owned(),
            2,
            "there is no connector \"vdri\"; there are: dav, graph, local, vdir",
        ),
        ("[accounts.crm]\nconnector = \"vdir\"".to_owned(), 1, "the key \"path\" is missing in [accounts.crm]"),
        ("[accounts.crm]\nconnector = \"vdir\"\npath = \"\"".to_owned(), 3, "\"path\" in [accounts.crm] is empty"),
        ("[accounts.crm]\nconnector = \"vdir\"\npath = \"x\"\npasword = \"y\"".to_owned(), 4, "unknown key \"pasword\" in [accounts.crm]"),
        ("[accounts.crm]\nconnector = \"vdir\"\npath = \"x\"\naddress = 5".to_owned(), 4, "\"address\" in [accounts.crm] is of type"),
        ("[syncs]\nname = \"x\"".to_owned(), 1, "must be a list of tables: [[syncs]]"),
        (format!("{ACCOUNTS}[[syncs]]\nkind = \"contacts\"\n"), 8, "the key \"name\" is missing in [[syncs]]"),
        (with("").replace("\"contacts\"\nleft", "\"mails\"\nleft"), 10, "there is no kind \"mails\""),
        (with("").replace("left = \"crm\"", "left = \"crn\""), 11, "there is no account \"crn\"; there are: crm, home"),
        (with("").replace("right = \"home\"", "right = \"crm\""), 12, "same account on both sides"),
        (with("").replace("kind = \"contacts\"", "kind = \"messages\""), 12, "the connector \"vdir\" has no messages"),
        (format!("{}{SYNC}", with("")), 15, "two syncs named \"people\""),
        (with("colections = []"), 13, "unknown key \"colections\" in [[syncs]]"),
        (with("collections = \"friends\""), 13, "must be a list of texts"),
        (with("collections = [1]"), 13, "must be a list of texts"),
        (with("conflicts = \"organiser\""), 13, "conflicts = organiser is for events"),
        (with("conflicts = \"latest\""), 13, "has no word \"latest\""),
        (with("deletes = true"), 13, "the policy deletes is a word"),
        (with("profile = \"sel\""), 13, "there is no profile \"sel\"; there are: sell"),
        (with("[[syncs.fields]]\nleft = \"nose\"\nright = \"notes\""), 14, "does not exist"),
        (with("[[syncs.fields]]\nleft = \"notes\""), 13, "the key \"right\" is missing"),
        (with("[[syncs.fields]]\nleft = \"notes\"\nright = \"photo\""), 14, "different shapes"),
        (with("[[syncs.fields]]\nleft = \"notes\"\nright = \"notes\"\nwhy = \"x\""), 16, "unknown key \"why\" in [[syncs.fields]]"),
    ];
    for (text, line, says) in cases {
        let failure = parse(&text).expect_err(&text);
        let said = failure.to_string();
        assert!(said.contains(says), "{text}\n-> {said}");
        assert!(said.starts_with(&format!("some/where.toml:{line}: ")), "{text}\n-> {said}");
        assert_eq!(failure.exit(), crate::failure::Exit::Usage);
    }
}

#[test]
fn what_is_not_there_is_refused_with_what_there_is() {
    let config = parse(&format!("{ACCOUNTS}{SYNC}")).unwrap();
    assert!(config.account("hom").unwrap_err().to_string().contains("there are: crm, home"));
    assert!(config.chosen(Some("peopl")).unwrap_err().to_string().contains("there are: people"));
    let empty = parse("").unwrap();
    assert!(empty.chosen(None).unwrap_err().to_string().contains("add a [[syncs]] table"));
    assert!(empty.account("x").unwrap_err().to_string().contains("add [accounts.NAME]"));
    assert!(empty.state().unwrap_err().to_string().contains("state = \"sync.db\""));
}
