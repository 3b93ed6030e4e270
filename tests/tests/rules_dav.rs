//! The rules over simulated DAV servers; those about events over one more, that mails the guests of whatever is stored and cannot
//! be kept from it; and those about categories over one whose group cards are categories.

mod radicale {
    pimkit_tests::every_rule!(pimkit_tests::rules::dav::Servers<pimkit_tests::rules::dav::Radicale>);
}

mod sabre {
    pimkit_tests::every_rule!(pimkit_tests::rules::dav::Servers<pimkit_tests::rules::dav::Sabre>);
}

mod cyrus {
    pimkit_tests::every_rule!(pimkit_tests::rules::dav::Servers<pimkit_tests::rules::dav::Cyrus>);
}

mod sogo {
    pimkit_tests::meeting_rules!(pimkit_tests::rules::dav::Servers<pimkit_tests::rules::dav::Sogo>);
}

mod groups {
    pimkit_tests::category_rules!(pimkit_tests::rules::dav::Servers<pimkit_tests::rules::dav::Grouped>);
}
