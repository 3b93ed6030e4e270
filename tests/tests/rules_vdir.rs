//! The rules over folders of files.

pimkit_tests::every_rule!(pimkit_tests::rules::vdir::Folders);
