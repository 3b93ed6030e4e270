//! The rules over the stand-in for Microsoft Graph.

pimkit_tests::every_rule!(pimkit_tests::rules::graph::Microsoft365);
