//! The rules over the stand-in for Microsoft Graph.

mod contacts {
    pimkit_tests::category_rules!(pimkit_tests::rules::graph::Microsoft365);
    pimkit_tests::contact_rules!(pimkit_tests::rules::graph::Microsoft365);
}
