package postgres

// Writing are the options of transactions that write.
var Writing = writing
