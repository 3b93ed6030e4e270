//! The rules over providers in memory: a kind one, one without a list of categories, and a nasty one.

mod kind {
    pimkit_tests::every_rule!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::Kind>);
}

mod nasty {
    pimkit_tests::every_rule!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::Nasty>);
}

mod without_categories {
    pimkit_tests::every_rule!(pimkit_tests::rules::worst::Memory<pimkit_tests::rules::worst::WithoutCategories>);
}
