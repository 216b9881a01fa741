package clouds_test

import "concord/clouds"

// chat is a call whose answers the tests read.
var chat = &clouds.Call{Op: clouds.CreateChat}
