//! The rules over providers in memory: a kind one, one without a list of categories, and a nasty one; those about events
//! over two more, that mail the guests of a meeting for every write, known to their connector or not.

mod kind {
    pimkit_tests::every_rule!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::Kind>);
}

mod nasty {
    pimkit_tests::every_rule!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::Nasty>);
}

mod without_categories {
    pimkit_tests::every_rule!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::WithoutCategories>);
}

mod mails_unasked {
    pimkit_tests::meeting_rules!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::MailsUnasked>);
}

mod cannot_keep_silent {
    pimkit_tests::meeting_rules!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::CannotKeepSilent>);
}
