//! Contacts as vCard 2.1 (read and patched), 3.0 and 4.0.
